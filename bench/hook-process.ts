import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// A receiver in a process of its own that takes whatever comes: its answers are all that a delivery waits for.
const server = createServer((request, response) => {
  request.resume().on('end', () => response.end());
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`);
});
