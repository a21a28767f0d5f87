const http = require("node:http");
const store = require("./lib/stor");

http.createServer((request, response) => response.end(store.name)).listen(3000, "0.0.0.0");
