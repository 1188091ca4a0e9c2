import { nearest } from '../../runtime/nearest.js';

/** What became of a name or a signature in `events_to_monitor`. */
export type Selected = { readonly event: string } | { readonly problem: string; readonly hint: string | undefined };

/** Finds an event among the signatures of ABIs: gives its name, or its canonical signature. */
export async function selectEvent(written: string, signatures: readonly string[]): Promise<Selected> {
  const known = new Set([...signatures.map(nameOf), ...signatures]);
  const event = known.has(written) ? written : await canonicalSignature(written);
  if (known.has(event)) return { event };
  const hint = isCutSignature(written) ? 'write a signature in quotes: a comma ends a plain word in a list' : undefined;
  return { problem: `${JSON.stringify(written)} is no event of the ABI${suggestion(event, known)}`, hint };
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
