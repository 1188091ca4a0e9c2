import type { RpcErrorClass } from '../errors/rpc-error.js';

/** How one call ended: answered, failed in some way, or given up by whoever asked. */
export type RpcResult = 'ok' | 'aborted' | RpcErrorClass;

/** What was noticed while endpoints were asked: metrics count it. */
export type ChainNotice =
  /** One request has ended; it may have carried several calls. */
  | {
      readonly kind: 'requested';
      /** The endpoint's name among others. */
      readonly endpoint: string;
      readonly durationMs: number;
      readonly calls: readonly { readonly method: string; readonly result: RpcResult }[];
    }
  /** An endpoint was asked for the first time, went away, or came back. */
  | {
      readonly kind: 'endpoint';
      readonly chainId: number | undefined;
      readonly endpoint: string;
      /** True where ordinary calls may go there. */
      readonly isUp: boolean;
    };

/** Takes what was noticed; returns at once and never throws. */
export type ObserveChain = (event: ChainNotice) => void;
