import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { HttpEndpoint } from '../../../../src/chain/transport/rpc/http-endpoint.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import { rejectionOf } from '../../../support/rejection.js';

const never = (): AbortSignal => new AbortController().signal;

describe('connections of an HTTP endpoint', () => {
  let server: Server;
  let endpoint: HttpEndpoint;
  let connected: number;
  let receive: (response: ServerResponse) => void;

  beforeEach(async () => {
    connected = 0;
    receive = (response) => response.end('{}');
    server = createServer((_request, response) => receive(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    endpoint = new HttpEndpoint({
      ...{ url, clock: systemClock, timeoutMs: 5_000, maxBytes: 1_000 },
      connected: () => connected++,
    });
    await endpoint.post('{}', never());
  });
  afterEach(async () => {
    await endpoint.close();
    server.closeAllConnections();
    server.close();
  });

  it('are told of again where the other side has closed one', async () => {
    receive = (response) => response.destroy();
    await rejectionOf(endpoint.post('{}', never()));
    receive = (response) => response.end('{}');
    await Promise.all(['{}', '{}', '{}'].map((body) => endpoint.post(body, never())));
    expect(connected).to.equal(2);
  });

  it('are not told of where one was only given up here', async () => {
    const givenUp = new AbortController();
    receive = () => givenUp.abort(new Error('given up'));
    await rejectionOf(endpoint.post('{}', givenUp.signal));
    receive = (response) => response.end('{}');
    await endpoint.post('{}', never());
    expect(connected).to.equal(1);
  });
});
