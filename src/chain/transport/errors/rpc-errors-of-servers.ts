import type { RpcErrorPattern } from './rpc-error-pattern.js';

/** The general: what is wrong with the request's form, or inside the server, in words that say no more. */
export const errorsOfServers: readonly RpcErrorPattern[] = [
  [
    'invalid-request',
    'geth',
    'invalid argument 0: hex string without 0x prefix',
    /invalid (argument|param|request|filter|topic|address|hex|input|json)|hex string/,
  ],
  ['invalid-request', 'geth', 'missing value for required argument 0', /missing (value|param)|cannot unmarshal/],
  [
    'internal',
    'MEV Blocker',
    'service temporarily unavailable',
    /internal|temporar|unavailable|try again|retry|overload|busy|bad gateway|upstream|backend/,
  ],
  [
    'internal',
    'Routescan',
    'RPC Request failed.',
    /no (healthy|available)|request failed|server error|cannot fulfill|(can't|cannot|unable to) (route|perform|execute)/,
  ],
  [
    'transport',
    'gateways',
    'dial tcp 10.0.0.1:8545: connect: connection refused',
    /econnre|socket|network|connection|\beof\b|broken pipe|dial tcp/,
  ],
];
