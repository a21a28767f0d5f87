exports.name = "shop";
