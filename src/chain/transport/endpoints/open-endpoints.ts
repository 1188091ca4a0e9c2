import { UsageError } from '../../../runtime/errors.js';
import { shownHost } from '../../../runtime/shown-host.js';
import { JsonRpcEndpoint } from '../rpc/json-rpc.js';
import type { JsonRpcOptions } from '../rpc/json-rpc.js';

/** Makes the endpoints of a chain, named by their hosts and numbered where one host has several. */
export function openEndpoints(
  urls: readonly string[],
  options: Omit<JsonRpcOptions, 'url' | 'name'>,
): JsonRpcEndpoint[] {
  if (urls.length === 0) {
    throw new UsageError('no RPC URL is set for this chain', { hint: 'give one with --rpc-url URL' });
  }
  const perHost = new Map<string, number>();
  return [...new Set(urls)].map((url) => {
    const host = URL.canParse(url) ? shownHost(new URL(url).host) : '';
    const number = (perHost.get(host) ?? 0) + 1;
    perHost.set(host, number);
    return new JsonRpcEndpoint({ ...options, url, name: number === 1 ? host : `${host}#${number}` });
  });
}
