import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ChainNotice, ObserveChain } from '../../chain/transport/rpc/chain-notice.js';
import { BoundedLabel, otherLabel } from './bounded-label.js';
import { MetricMaker } from './metric-maker.js';

/** Endpoints that are told apart. */
const mostEndpoints = 50;

/** Every method that is called. */
const methods: ReadonlySet<string> = new Set([
  'eth_call',
  'eth_chainId',
  'eth_getBalance',
  'eth_getBlockByNumber',
  'eth_getBlockReceipts',
  'eth_getCode',
  'eth_getLogs',
  'eth_subscribe',
]);

/** What a process asks its chains' endpoints, and how they answer. */
export class ChainMetrics {
  readonly #endpoints = new BoundedLabel(mostEndpoints);
  readonly #requests: Counter<'endpoint' | 'method' | 'result'>;
  readonly #durations: Histogram<'endpoint'>;
  readonly #up: Gauge<'chain_id' | 'endpoint'>;

  constructor(registry: Registry) {
    const make = new MetricMaker(registry);
    const labels: ('endpoint' | 'method' | 'result')[] = ['endpoint', 'method', 'result'];
    this.#requests = make.counter('chainparse_rpc_requests_total', 'RPC calls by how they ended.', labels);
    const duration = 'From sending a request, which may carry several calls, to its answer.';
    this.#durations = make.histogram('chainparse_rpc_request_duration_seconds', duration, ['endpoint']);
    const up = '1: the endpoint is asked like any other; 0: it is away, or serves another chain or fork.';
    this.#up = make.gauge('chainparse_endpoint_up', up, ['chain_id', 'endpoint']);
  }

  /** Counts what was noticed. */
  readonly observe: ObserveChain = (event) => {
    const endpoint = this.#endpoints.of(event.endpoint);
    if (event.kind === 'requested') this.#requested(endpoint, event);
    else this.#up.set({ chain_id: String(event.chainId ?? ''), endpoint }, event.isUp ? 1 : 0);
  };

  #requested(endpoint: string, { calls, durationMs }: ChainNotice & { readonly kind: 'requested' }): void {
    this.#durations.observe({ endpoint }, durationMs / 1_000);
    for (const { method, result } of calls) {
      this.#requests.inc({ endpoint, method: methods.has(method) ? method : otherLabel, result });
    }
  }
}
