const http = require("node:http");

const page = { title: "hello";

http.createServer((request, response) => response.end(page.title)).listen(3000, "0.0.0.0");
