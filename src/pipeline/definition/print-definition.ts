import { Document, isSeq, isMap } from 'yaml';
import type { PipelineDefinition } from '../../model/pipeline.js';
import { definitionKeys } from './definition-keys.js';

/** Prints a definition as a YAML file that holds its ABIs and, imported, gives the same definition again. */
export function printDefinition(definition: PipelineDefinition): string {
  const document = new Document(definitionKeys(definition));
  layOutAbis(document);
  return document.toString({ lineWidth: 0 });
}

/** Puts each entry of an ABI on a line of its own: an ABI is not what a reader of a definition looks for. */
function layOutAbis(document: Document): void {
  for (const component of itemsOf(document.get('components'))) {
    if (!isMap(component)) continue;
    const holders = [component, ...itemsOf(component.get('contracts'))];
    for (const holder of holders) {
      if (!isMap(holder)) continue;
      for (const entry of itemsOf(holder.get('abi'))) if (isMap(entry)) entry.flow = true;
    }
  }
}

function itemsOf(node: unknown): readonly unknown[] {
  return isSeq(node) ? node.items : [];
}
