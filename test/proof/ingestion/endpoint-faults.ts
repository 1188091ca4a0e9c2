import type { SimError } from '../../support/simulated-node.js';

/** What comes of a request. */
export type Reaction =
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** The body; as it is, or as it would be read. */
      readonly text?: string;
      readonly parsed?: unknown;
      readonly retryAfter?: string | undefined;
      /** How long it takes beside the way, in milliseconds. */
      readonly delayMs: number;
    }
  /** There is never an answer. */
  | { readonly kind: 'silence' }
  /** The connection breaks, or can't be made. */
  | { readonly kind: 'broken' };

export const refusedConnections: Reaction = { kind: 'broken' };

function body(status: number, text: string): Reaction {
  return { kind: 'answer', status, text, delayMs: 0 };
}

export const serverErrors: readonly Reaction[] = [
  body(500, ''),
  body(500, '{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"Internal error"}}'),
  body(502, '<html><title>502 Bad Gateway</title></html>'),
  body(503, 'Service Unavailable'),
  body(504, '<html>Gateway Time-out</html>'),
  body(520, 'error code: 520'),
];

export const garbage: readonly Reaction[] = [
  body(200, ''),
  body(200, '[]'),
  body(200, 'null'),
  body(200, '{"jsonrpc":"2.0","id":0,"result":null}'),
  body(200, '{"error":"the node is unhappy"}'),
  body(200, '{"jsonrpc":"2.0"}'),
];

export const rateErrors: readonly SimError[] = [
  { code: -32005, message: 'too many requests' },
  { code: -32007, message: '50/second request limit reached - reduce calls per second or upgrade' },
  { code: 429, message: 'rate limit exceeded, retry in 2s' },
];

export const callErrors: readonly SimError[] = [
  { code: -32603, message: 'Internal error' },
  { code: -32000, message: 'query timeout exceeded' },
  { code: -32000, message: 'header not found' },
  { code: -32000, message: 'missing trie node 4f2c (path )' },
  { code: -32603, message: 'service temporarily unavailable' },
  { code: 77, message: 'the moon is in the wrong house' },
];
