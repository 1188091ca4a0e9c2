import type { Turns } from '../../../runtime/turns.js';
import type { Collector } from './json-rpc-answer.js';

/** How an array of objects begins that a call answers with, and how it ends. */
const opening = Buffer.from('"result":[{');
const closing = Buffer.from('}]');
/** Stands for the array in the outline: a number that is too large for a double, which no node answers with. */
const gap = '-1e999';
/** How many ends are tried from behind: that of the array, one that a server may add, and that of a batch behind a blank. */
const endsTried = 3;
/** What a batch begins with. */
const bracket = '['.charCodeAt(0);

/**
 * Parses an answer without its one long array, which a collector reads in its stead, and which it stands for in the
 * result. Returns undefined where there is no such array, or the collector refuses it: then the answer is to be parsed as
 * a whole.
 *
 * No text is read differently than by JSON.parse: what stands before and behind the array is JSON with a number in its
 * place, so it neither begins nor ends within a text, and what stands between is a list of objects.
 */
export async function parseAround(json: Buffer, collector: Collector, turns: Turns): Promise<unknown> {
  const start = json.indexOf(opening) + opening.length - 1;
  if (start < opening.length) return undefined;
  const found = findOutline(json, start);
  if (found === undefined) return undefined;
  try {
    await collector.take(json, start, found.end, turns);
  } catch {
    return undefined;
  }
  return fillGap(found.outline, collector);
}

/** Returns the document without the array, and where the array's last element ends. */
function findOutline(json: Buffer, start: number): { readonly outline: unknown; readonly end: number } | undefined {
  const head = json.toString('utf8', 0, start - 1);
  // That of the batch is none: to find that out by parsing costs as much as all the rest of this.
  let close = json[0] === bracket ? json.lastIndexOf(closing) : json.length;
  for (let tried = 0; tried < endsTried; tried++) {
    close = json.lastIndexOf(closing, close - 1);
    if (close < start) return undefined;
    try {
      const outline: unknown = JSON.parse(`${head}${gap}${json.toString('utf8', close + closing.length)}`);
      return { outline, end: close + 1 };
    } catch {
      // That was the end of an array around it.
    }
  }
  return undefined;
}

/** Puts the collector where the array was; undefined where another field of the same name hides it. */
function fillGap(outline: unknown, collector: Collector): unknown {
  const replies: readonly unknown[] = Array.isArray(outline) ? outline : [outline];
  const holder = replies.find((reply) => (reply as { readonly result?: unknown } | null)?.result === -Infinity);
  if (holder === undefined) return undefined;
  (holder as { result: unknown }).result = collector;
  return outline;
}
