// A server that SIGTERM ends: the check asks it.
"use strict";
const crypto = require("crypto");
const fs = require("fs");
const http = require("http");
const { Worker } = require("worker_threads");

// What a worker does: it adds up, on a thread of its own, and counts with the others in shared memory.
const WORK = `
    const { parentPort, workerData } = require("worker_threads");
    Atomics.add(new Int32Array(workerData.shared), 0, 1);
    let sum = 0;
    for (let i = 1; i <= workerData.count; i++) sum += i;
    parentPort.postMessage(sum);
`;

function body(request, then) {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => then(Buffer.concat(parts)));
}

function workers(count, then) {
    const shared = new SharedArrayBuffer(4);
    const one = () => new Promise((resolve, reject) => {
        const worker = new Worker(WORK, { eval: true, workerData: { shared, count: 100000 } });
        worker.on("message", resolve);
        worker.on("error", reject);
    });
    Promise.all(Array.from({ length: count }, one)).then((sums) => {
        then(`${new Int32Array(shared)[0]} ${sums.every((sum) => sum === 5000050000)}\n`);
    });
}

const server = http.createServer((request, response) => {
    const number = Number(request.url.slice(request.url.lastIndexOf("/") + 1));
    if (request.url.startsWith("/bytes/")) {
        const block = Buffer.from(Array.from({ length: 251 }, (_, i) => i));
        response.end(Buffer.alloc(number, block));
    } else if (request.url.startsWith("/sleep/")) {
        setTimeout(() => response.end("awake\n"), number);
    } else if (request.url.startsWith("/workers/")) {
        workers(number, (text) => response.end(text));
    } else if (request.url === "/hash") {
        // On the threads of libuv.
        crypto.scrypt("secret", "salt", 16, (_, key) => response.end(`${key.toString("hex")}\n`));
    } else if (request.url === "/echo") {
        body(request, (data) => response.end(data));
    } else if (request.url === "/file") {
        body(request, (data) => fs.writeFile("/tmp/body", data, () => {
            fs.createReadStream("/tmp/body").pipe(response);
        }));
    } else {
        response.end("hello from Node.js\n");
    }
});

process.on("SIGTERM", () => server.close(() => console.log("ended by SIGTERM")));
server.keepAliveTimeout = 60000;
server.listen(Number(process.argv[2]), () => console.log("listening"));
