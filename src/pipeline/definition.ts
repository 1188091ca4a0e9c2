import { dirname } from 'node:path';
import type { Component, PipelineDefinition } from '../model/pipeline.js';
import { DefinitionMap } from './definition-map.js';
import { parseComponent } from './parse-component.js';
import { nameProblem } from './pipeline-name.js';
import { readTextFile } from './read-text-file.js';
import { AbiResolver } from './resolve-abi.js';
import type { StoredAbi } from './resolve-abi.js';
import { silenceLimit } from '../runtime/silence.js';

const definitionKeys = [
  'id',
  'name',
  'pipeline_name',
  'classification_id',
  'description',
  'timeout_minutes',
  'components',
];

/** About ten years. */
const maxTimeoutMinutes = 5_000_000;
const maxTextLength = 60_000;
/** What an INT column holds. */
const maxId = 2_147_483_647;

/** What a definition is read with. */
export interface DefinitionOptions {
  /** Finds the ABIs that definitions refer to as `abi_id:N`. */
  readonly storedAbi: StoredAbi;
  /** The heartbeat interval, in seconds: a timeout must be three of them or more. */
  readonly heartbeatIntervalSeconds: number;
  /** How errors call the file; its path where left out. */
  readonly name?: string;
}

/** Reads and validates the definition in a file, YAML or JSON; its ABIs come with it. Throws UsageError. */
export async function loadDefinition(path: string, options: DefinitionOptions): Promise<PipelineDefinition> {
  const { name = path } = options;
  return parseDefinition(await readTextFile(path, name), path, options);
}

/**
 * Validates a definition's text as `loadDefinition` does; paths in it are relative to the folder of `path`. Where that is
 * null, the text comes over the network and may name no file.
 */
export async function parseDefinition(
  text: string,
  path: string | null,
  options: DefinitionOptions,
): Promise<PipelineDefinition> {
  const { readYaml } = await import('./read-yaml.js');
  const map = DefinitionMap.of(readYaml(text, options.name ?? path ?? 'the definition'), 'a definition');
  map.refuseUnknownKeys(definitionKeys);
  map.refuseBoth('name', 'pipeline_name');
  return {
    id: map.whole('id', { min: 1, max: maxId }) ?? null,
    name: parseName(map),
    classificationId: map.whole('classification_id', { min: 0, max: maxId }) ?? null,
    description: parseDescription(map),
    timeoutMinutes: parseTimeout(map, options.heartbeatIntervalSeconds),
    components: await parseComponents(map, new AbiResolver(path === null ? null : dirname(path), options.storedAbi)),
  };
}

function parseName(map: DefinitionMap): string {
  const key = map.has('pipeline_name') ? 'pipeline_name' : 'name';
  const name = map.requiredText(key, 255);
  const problem = nameProblem(name);
  if (problem !== null) throw map.problem(key, problem);
  return name;
}

function parseTimeout(map: DefinitionMap, heartbeatIntervalSeconds: number): number | null {
  const minutes = map.positive('timeout_minutes', maxTimeoutMinutes) ?? null;
  const shortestSeconds = silenceLimit(heartbeatIntervalSeconds);
  if (minutes !== null && minutes * 60 < shortestSeconds) {
    const reason = `a run that lives would be failed: it must be three heartbeat intervals or more (${shortestSeconds} s)`;
    throw map.problem('timeout_minutes', `${minutes} min is too short: ${reason}`);
  }
  return minutes;
}

function parseDescription(map: DefinitionMap): string | null {
  const description = map.text('description') ?? null;
  if (description !== null && description.length > maxTextLength) {
    throw map.problem('description', `is longer than ${maxTextLength} characters`);
  }
  return description;
}

async function parseComponents(map: DefinitionMap, abis: AbiResolver): Promise<readonly Component[]> {
  const nodes = map.list('components');
  if (nodes.length === 0) throw map.problem('components', 'must list at least one component, the source first');
  const components: Component[] = [];
  for (const [position, node] of nodes.entries()) {
    const component = await parseComponent(node, position, abis);
    if (components.some(({ name }) => name === component.name)) {
      throw DefinitionMap.of(node, 'a component').problem('name', `two components are called '${component.name}'`);
    }
    components.push(component);
  }
  return components;
}
