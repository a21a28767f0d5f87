const http = require("node:http");

const port = Number(process.env.PORT || 3000);
const greeting = welcome("world");

http.createServer((request, response) => response.end(greeting)).listen(port, "0.0.0.0");
