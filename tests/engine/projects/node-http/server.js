const http = require("node:http");

http
  .createServer((request, response) => response.end("one"))
  .listen(process.env.PORT || 3000, "0.0.0.0");
