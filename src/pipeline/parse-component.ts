import type { Component } from '../model/pipeline.js';
import { DefinitionMap } from './definition-map.js';
import { eventMonitorKeys, parseEventMonitor } from './parse-event-monitor.js';
import type { AbiResolver } from './resolve-abi.js';
import { nearest } from './suggest.js';
import type { YamlNode } from './yaml-node.js';

interface ComponentType {
  readonly isSource: boolean;
  /** Validates a component's keys; null: this version has no such component. */
  readonly parse: ((map: DefinitionMap, abis: AbiResolver) => Promise<object>) | null;
}

const notBuilt: ComponentType = { isSource: false, parse: null };

/** The types that a component may have, by name. */
const componentTypes: ReadonlyMap<string, ComponentType> = new Map([
  ['event_monitor', { isSource: true, parse: parseEventMonitor }],
  ['contract_caller', notBuilt],
  ['dict_mapper', notBuilt],
  ['table_sink', notBuilt],
  ['file_sink', notBuilt],
  ['webhook_sink', notBuilt],
  ['kafka_producer', notBuilt],
  ['nats_sink', notBuilt],
]);

/** Validates the component at a position (from 0) of a pipeline. */
export async function parseComponent(node: YamlNode, position: number, abis: AbiResolver): Promise<Component> {
  const map = DefinitionMap.of(node, 'a component');
  // A misspelt `type` is better told as an unknown key than as one that is missing.
  if (!map.has('type')) map.refuseUnknownKeys(eventMonitorKeys);
  const type = map.requiredText('type', 64);
  const config = await parserOf(map, type, position)(map, abis);
  return { name: map.requiredText('name', 255), type, config: { ...config } };
}

function parserOf(map: DefinitionMap, type: string, position: number): NonNullable<ComponentType['parse']> {
  const known = componentTypes.get(type);
  if (known === undefined) {
    const closest = nearest(type, [...componentTypes.keys()]) ?? '';
    throw map.problem('type', `unknown component type '${type}'; the nearest known one is ${closest}`);
  }
  if (known.parse === null) throw map.problem('type', `component type '${type}' is not available in this version`);
  if (known.isSource && position > 0)
    throw map.problem('type', `${type} is a source, which only the first component can be`);
  if (!known.isSource && position === 0)
    throw map.problem('type', `the first component must be a source: event_monitor`);
  return known.parse;
}
