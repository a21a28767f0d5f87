const http = require("node:http");
const orders = require("./orders");

http
  .createServer((request, response) => {
    if (request.url === "/first") return response.end(orders.first([]));
    response.end("hello");
  })
  .listen(3000, "0.0.0.0");
