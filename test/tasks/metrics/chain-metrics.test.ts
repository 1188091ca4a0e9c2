import { readFileSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import { Registry } from 'prom-client';
import { ChainMetrics } from '../../../src/tasks/metrics/chain-metrics.js';

describe('the metrics of chains', () => {
  let registry: Registry;
  let metrics: ChainMetrics;

  beforeEach(() => {
    registry = new Registry();
    metrics = new ChainMetrics(registry);
  });

  it('count the calls of a request by how each ended, and the request once', async () => {
    const calls = [
      { method: 'eth_getBlockByNumber', result: 'ok' },
      { method: 'eth_getLogs', result: 'density' },
    ] as const;
    metrics.observe({ kind: 'requested', endpoint: 'one.example', durationMs: 40, calls });
    const text = await registry.metrics();
    expect(text).to.contain(
      'chainparse_rpc_requests_total{endpoint="one.example",method="eth_getLogs",result="density"} 1\n',
    );
    expect(text).to.contain('method="eth_getBlockByNumber",result="ok"} 1\n');
    expect(text).to.contain('chainparse_rpc_request_duration_seconds_count{endpoint="one.example"} 1\n');
  });

  it('tell every method apart that is called', async () => {
    const folder = new URL('../../../src/chain/', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const sources = files.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
    const methods = new Set([...sources.matchAll(/'(eth_\w+)'/g)].map(([, method = '']) => method));
    expect(methods.size).to.be.above(5);
    const calls = [...methods].map((method) => ({ method, result: 'ok' }) as const);
    metrics.observe({ kind: 'requested', endpoint: 'one.example', durationMs: 40, calls });
    expect(await registry.metrics()).not.to.contain('method="other"');
  });

  it('tell which endpoints are up, apart for each chain of one host', async () => {
    metrics.observe({ kind: 'endpoint', chainId: 1, endpoint: 'rpc.example', isUp: true });
    metrics.observe({ kind: 'endpoint', chainId: 56, endpoint: 'rpc.example', isUp: true });
    metrics.observe({ kind: 'endpoint', chainId: 56, endpoint: 'rpc.example', isUp: false });
    const text = await registry.getSingleMetricAsString('chainparse_endpoint_up');
    expect(text).to.contain('{chain_id="1",endpoint="rpc.example"} 1');
    expect(text).to.contain('{chain_id="56",endpoint="rpc.example"} 0');
  });

  it('keep a bound on methods and endpoints, whatever comes', async () => {
    for (let i = 0; i < 70; i++) {
      const calls = [{ method: `eth_strange${i}`, result: 'ok' }] as const;
      metrics.observe({ kind: 'requested', endpoint: `host-${i}`, durationMs: 1, calls });
    }
    const text = await registry.getSingleMetricAsString('chainparse_rpc_requests_total');
    expect(text.match(/^chainparse_rpc_requests_total\{/gm)).to.have.length(51);
    expect(text).to.contain('{endpoint="other",method="other",result="ok"} 20');
  });
});
