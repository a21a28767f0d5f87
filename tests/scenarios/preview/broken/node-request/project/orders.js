exports.first = (orders) => {
  const [order] = orders;
  return order.name;
};
