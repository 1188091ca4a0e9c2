import { expect } from 'chai';
import { once } from 'node:events';
import { connect } from 'node:net';
import { RuntimeFailure } from '../../src/runtime/errors.js';
import { serveMetrics, type MetricsServer } from '../../src/runtime/metrics-server.js';
import { rejectionOf } from '../support/rejection.js';

const source = { contentType: 'text/plain; version=0.0.4; charset=utf-8', metrics: () => Promise.resolve('up 1\n') };

describe('the server of metrics', () => {
  let server: MetricsServer;

  beforeEach(async () => (server = await serveMetrics({ host: '127.0.0.1', port: 0 }, source)));
  afterEach(() => server.close());

  it('serves them at /metrics, and nothing elsewhere', async () => {
    const answer = await fetch(`${server.url}/metrics`);
    expect(answer.headers.get('content-type')).to.equal(source.contentType);
    expect(await answer.text()).to.equal('up 1\n');
    expect((await fetch(`${server.url}/metrics`, { method: 'HEAD' })).status).to.equal(200);
    expect((await fetch(`${server.url}/etc`)).status).to.equal(404);
    const refused = await fetch(`${server.url}/metrics`, { method: 'POST', body: 'x' });
    expect([refused.status, refused.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD']);
  });

  it('says nothing of what went wrong inside', async () => {
    const failing = { ...source, metrics: () => Promise.reject(new Error('secret99')) };
    const broken = await serveMetrics({ host: '127.0.0.1', port: 0 }, failing);
    const answer = await fetch(`${broken.url}/metrics`);
    expect(answer.status).to.equal(500);
    expect(await answer.text()).not.to.contain('secret99');
    await broken.close();
  });

  it('fails at run time where its port is taken, as the API does, and says what to do', async () => {
    const port = Number(new URL(server.url).port);
    const refusal = await rejectionOf(serveMetrics({ host: '127.0.0.1', port }, source), RuntimeFailure);
    expect(refusal.message).to.equal(`metrics can't be served: 127.0.0.1:${port} is taken by another process`);
    expect(refusal.hint).to.match(/--metrics-port/);
    expect(refusal.exitCode).to.equal(1);
  });

  it('answers who is new, however many connections others hold', async () => {
    const { hostname, port } = new URL(server.url);
    const held = Array.from({ length: 120 }, () => connect(Number(port), hostname).on('error', () => undefined));
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    expect((await fetch(`${server.url}/metrics`)).status).to.equal(200);
    for (const socket of held) socket.destroy();
  });

  it('ends at once, whoever is still connected', async () => {
    await fetch(`${server.url}/metrics`);
    await server.close();
    server = await serveMetrics({ host: '127.0.0.1', port: Number(new URL(server.url).port) }, source);
    expect((await fetch(`${server.url}/metrics`)).status).to.equal(200);
  });
});
