import { Document, Scalar, isSeq, isMap, visit } from 'yaml';
import type { PipelineDefinition } from '../../model/pipeline.js';
import { definitionKeys } from './definition-keys.js';

/** Prints a definition as a YAML file that holds its ABIs and, imported, gives the same definition again. */
export function printDefinition(definition: PipelineDefinition): string {
  const document = new Document(definitionKeys(definition));
  layOutAbis(document);
  visit(document, { Scalar: (_key, scalar) => keepReadable(scalar) });
  return document.toString({ lineWidth: 0 });
}

/** Has what would be read as something else, or not at all, written in another way. */
function keepReadable(scalar: Scalar): void {
  const { value } = scalar;
  // The key of a merge, and a block of lines in which nothing shows how far they are indented.
  if (value === '<<' || (typeof value === 'string' && value.trim() === '')) scalar.type = Scalar.QUOTE_DOUBLE;
  // Digits alone would be a whole number of as many, which JSON does not hold.
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) scalar.format = 'EXP';
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
