import { eventSignatures } from '../chain/abi/abi.js';
import type { AbiFragment } from '../model/pipeline.js';
import type { DefinitionMap } from './definition-map.js';
import { nearest } from './suggest.js';
import { problemAt, shown } from './yaml-node.js';
import type { YamlNode } from './yaml-node.js';

const key = 'events_to_monitor';

/**
 * Reads `events_to_monitor` and checks each against the ABIs. Returns names and canonical signatures; null where the
 * key names none and every event is wanted.
 */
export async function selectEvents(
  map: DefinitionMap,
  abis: readonly (readonly AbiFragment[])[],
): Promise<readonly string[] | null> {
  const signatures = [...new Set(abis.flatMap((abi) => eventSignatures(abi)))];
  const known = new Set([...signatures.map(nameOf), ...signatures]);
  const selected = new Set<string>();
  for (const node of map.list(key, { single: true })) selected.add(await selectEvent(node, known));
  return selected.size === 0 ? null : [...selected];
}

async function selectEvent(node: YamlNode, known: ReadonlySet<string>): Promise<string> {
  if (node.kind !== 'scalar' || node.source.trim() === '') {
    throw problemAt(node, `${key}: must list names or signatures of events, not ${shown(node)}`);
  }
  const wanted = node.source.trim();
  const event = known.has(wanted) ? wanted : await canonicalSignature(wanted);
  if (known.has(event)) return event;
  const hint = isCutSignature(wanted) ? 'write a signature in quotes: a comma ends a plain word in a list' : undefined;
  throw problemAt(node, `${key}: ${shown(node)} is no event of the ABI${suggestion(event, known)}`, hint);
}

/** Brings `event Transfer(address indexed from, uint value)` into the form `Transfer(address,uint256)`. */
async function canonicalSignature(text: string): Promise<string> {
  if (!text.includes('(')) return text;
  const { EventFragment } = await import('ethers/abi');
  try {
    return EventFragment.from(/^event\s/.test(text) ? text : `event ${text}`).format('sighash');
  } catch {
    return text;
  }
}

/** Says whether a text is what YAML's flow lists make of the first part of an unquoted signature. */
function isCutSignature(text: string): boolean {
  return text.includes('(') && !text.includes(')');
}

function suggestion(event: string, known: ReadonlySet<string>): string {
  const names = [...known].filter((candidate) => candidate.includes('(') === event.includes('('));
  const closest = nearest(event, names);
  return closest === undefined ? ', which has none' : `; the nearest is ${closest}`;
}

function nameOf(signature: string): string {
  return signature.slice(0, signature.indexOf('('));
}
