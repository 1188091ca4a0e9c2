import type { ChainAccess } from '../chain/chains.js';
import { createDecoder } from '../chain/abi/decoder.js';
import type { Component, EventMonitorConfig } from '../model/pipeline.js';
import { UsageError } from '../runtime/errors.js';
import type { Source } from './component.js';
import { EventMonitor } from './event-monitor.js';

/** What components are made of besides their config. */
export interface ComponentDeps {
  /** Returns a chain by its name and id. */
  readonly chain: (chainName: string, chainId: number) => ChainAccess;
}

/** The config of a pipeline's source as it was stored at import. */
export function sourceConfig(component: Component): EventMonitorConfig {
  if (component.type === 'event_monitor') return component.config as unknown as EventMonitorConfig;
  throw new UsageError(`component '${component.name}' is of type '${component.type}', which is no source`, {
    hint: 'the first component of a pipeline must be an event_monitor',
  });
}

/** Makes the source of a pipeline from its first component. */
export function createSource(component: Component, deps: ComponentDeps): Source {
  const config = sourceConfig(component);
  const { client, heads } = deps.chain(config.chainName, config.chainId);
  return new EventMonitor(config, {
    chain: client,
    heads,
    decoder: createDecoder(config),
  });
}
