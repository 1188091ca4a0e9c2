import { createHash } from 'node:crypto';
import { createDecoder } from '../../../chain/abi/decoder.js';
import { compileEvent } from '../../../chain/abi/compile-event.js';
import type { RawLog } from '../../../model/event.js';
import type { FactoryConfig } from './config.js';

/** One of nested factories: who announces, and how a child is told from a log. */
export interface FactoryLevel {
  /** In lower case; null: the children of the level before. */
  readonly creators: readonly string[] | null;
  readonly startBlock: number;
  /** The first topic of an announcement. */
  readonly topic: string;
  /** Returns the address in lower case that a log announces; null where it is no such log. */
  childOf(log: RawLog): string | null;
}

/** Returns the levels of a factory, the outermost first. */
export function factoryLevels({ factory, event, parameter, startBlock }: FactoryConfig): readonly FactoryLevel[] {
  const before = isNested(factory) ? factoryLevels(factory) : [];
  const creators = isNested(factory) ? null : factory;
  const { topic0 } = compileEvent(event, null);
  return [...before, { creators, startBlock, topic: topic0 ?? '', childOf: childReader(event, parameter.split('.')) }];
}

/** Returns what tells one factory from another: with another, other children are known. */
export function factoryDigest(config: FactoryConfig): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('hex');
}

function isNested(factory: FactoryConfig['factory']): factory is FactoryConfig {
  return !Array.isArray(factory);
}

function childReader(event: FactoryConfig['event'], keys: readonly string[]): FactoryLevel['childOf'] {
  const contracts = [{ addresses: null, abi: [event] }];
  const decoder = createDecoder({ contracts, eventsToMonitor: null, addressFilters: [], keepUnknown: false });
  return (log) => {
    const decoded = decoder.decode(log);
    if (decoded.kind !== 'event') return null;
    let value: unknown = JSON.parse(decoded.argsJson);
    for (const key of keys) value = (value as Readonly<Record<string, unknown>> | undefined)?.[key];
    return typeof value === 'string' ? value.toLowerCase() : null;
  };
}
