import type { PipelineDefinition } from '../../model/pipeline.js';
import type { DefinitionOptions } from './definition-options.js';
import { readTextFile } from './read-text-file.js';

/** Reads and validates the definition in a file, YAML or JSON; its ABIs come with it. Throws UsageError. */
export async function loadDefinition(path: string, options: DefinitionOptions): Promise<PipelineDefinition> {
  const { name = path } = options;
  return parseDefinition(await readTextFile(path, name), path, options);
}

/**
 * Validates a definition's text; throws FileProblemsError with all that is wrong. Paths in it are relative to the folder of
 * `path`. Where that is null, the text comes over the network and may name no file.
 */
export async function parseDefinition(
  text: string,
  path: string | null,
  options: DefinitionOptions,
): Promise<PipelineDefinition> {
  const { DefinitionReader } = await import('./definition-reader.js');
  return new DefinitionReader(text, path, options).read();
}
