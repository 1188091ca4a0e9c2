import { chainNameOf } from './chain.js';

/** What an event's text says of where it comes from: its pipeline, and the name of its chain. */
export interface EventOrigin {
  readonly pipelineId: number;
  /** Returns the name of the chain with this id. */
  readonly chainName: (chainId: number) => string;
}

/** Returns a pipeline's origin: a chain's name is the definition's own, for the chain that the definition means. */
export function originOf(
  pipelineId: number,
  defined: { readonly name: string; readonly id: number } | undefined,
): EventOrigin {
  return { pipelineId, chainName: (chainId) => (chainId === defined?.id ? defined.name : chainNameOf(chainId)) };
}
