import type { Component, PipelineDefinition } from '../model/pipeline.js';
import { DefinitionMap } from './definition-map.js';
import { parseComponent } from './parse-component.js';
import { readTextFile } from './read-text-file.js';
import { readYaml } from './read-yaml.js';
import { AbiResolver } from './resolve-abi.js';
import type { StoredAbi } from './resolve-abi.js';

const definitionKeys = [
  'id',
  'name',
  'pipeline_name',
  'classification_id',
  'description',
  'timeout_minutes',
  'components',
];

const maxTextLength = 60_000;
/** What an INT column holds. */
const maxId = 2_147_483_647;

/** Reads and validates the definition in a file, YAML or JSON; its ABIs come with it. Throws UsageError. */
export async function loadDefinition(file: string, storedAbi: StoredAbi): Promise<PipelineDefinition> {
  return parseDefinition(await readTextFile(file), file, storedAbi);
}

/** Validates a definition's text as `loadDefinition` does; paths in it are relative to where `file` lies. */
export async function parseDefinition(text: string, file: string, storedAbi: StoredAbi): Promise<PipelineDefinition> {
  const map = DefinitionMap.of(readYaml(text, file), 'a definition');
  map.refuseUnknownKeys(definitionKeys);
  map.refuseBoth('name', 'pipeline_name');
  return {
    id: map.whole('id', { min: 1, max: maxId }) ?? null,
    name: map.requiredText(map.has('pipeline_name') ? 'pipeline_name' : 'name', 255),
    classificationId: map.whole('classification_id', { min: 0, max: maxId }) ?? null,
    description: parseDescription(map),
    timeoutMinutes: map.positive('timeout_minutes', 5_000_000) ?? null,
    components: await parseComponents(map, new AbiResolver(file, storedAbi)),
  };
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
