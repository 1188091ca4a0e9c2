import { chainNameOf } from './chain.js';
import type { EventMonitorConfig, Pipeline } from './pipeline.js';

/** What an event's text says of where it comes from: its pipeline, and the name of its chain. */
export interface EventOrigin {
  readonly pipelineId: number;
  /** Returns the name of the chain with this id. */
  readonly chainName: (chainId: number) => string;
}

/** Returns a pipeline's origin: a chain's name is the definition's own, for the chain that the definition means. */
export function originOf({ id, components }: Pick<Pipeline, 'id' | 'components'>): EventOrigin {
  const source = components[0]?.config as Partial<EventMonitorConfig> | undefined;
  const names = new Map<number, string>();
  if (source?.chainId !== undefined && source.chainName !== undefined) names.set(source.chainId, source.chainName);
  return { pipelineId: id, chainName: (chainId) => names.get(chainId) ?? chainNameOf(chainId) };
}
