import type { Versions } from '../../database/events/changed-blocks.js';
import { cutPages, everywhere } from '../../database/events/difference.js';
import { JournalStore } from '../../database/events/journal-store.js';
import type { DifferenceOptions, DifferencePage, VersionedEvent } from '../../database/events/difference.js';
import { stretchOf } from '../../database/events/stored-stretch.js';
import type { EventBatch } from '../../model/batch.js';
import { isAmong } from '../../model/event-choice.js';
import type { Appended } from '../../pipeline/commit.js';
import type { Extent } from './place.js';

/** How many commits are kept, and how many of their events, about: what sinks are behind by more they read from the table. */
const mostCommits = 64;
const mostEvents = 40_000;
/** Characters of arguments that are kept, about. */
const mostText = 16 * 2 ** 20;

interface Kept extends Appended {
  readonly textLength: number;
}

/**
 * The journal as a run knows it: what the run has committed just now it tells without asking the database, whose answer would
 * be the same but for the case of contracts' addresses. Where it lacks anything of what is asked for, the database tells all
 * of it.
 */
export class RunJournal extends JournalStore {
  /** Commits that follow on one another, by version and by block. */
  #kept: readonly Kept[] = [];
  #last: Kept | null = null;

  /** Takes what was committed last. */
  keep(appended: Appended): void {
    const textLength = textOf(appended.batch);
    const last = this.#last;
    const follows =
      last !== null &&
      appended.version === last.version + 1 &&
      appended.batch.fromBlock === last.batch.toBlock + 1 &&
      appended.chainId === last.chainId;
    this.#last = textLength === null ? null : { ...appended, textLength };
    const kept = this.#last === null ? [] : [...(follows ? this.#kept : []), this.#last];
    let [events, text] = [0, 0];
    const first = kept.findLastIndex(({ batch, textLength: length }, i) => {
      [events, text] = [events + batch.events.length, text + length];
      return events > mostEvents || text > mostText || kept.length - i > mostCommits;
    });
    this.#kept = kept.slice(first + 1);
  }

  /** Forgets what all sinks have been told; null: of a sink this is not known. */
  forget(told: readonly (Extent | null)[]): void {
    const isTold = ({ version, batch }: Kept): boolean =>
      told.every((has) => has !== null && version <= has.version && batch.toBlock <= (has.block ?? Infinity));
    this.#kept = this.#kept.slice(this.#kept.findLastIndex(isTold) + 1);
  }

  /** Says whether half of the events that can be kept came since a version, and are all still there. */
  isHalfFullSince(version: number): boolean {
    const since = this.#kept.findIndex((kept) => kept.version === version + 1);
    if (since < 0) return false;
    let [events, text] = [0, 0];
    for (const { batch, textLength } of this.#kept.slice(since)) {
      [events, text] = [events + batch.events.length, text + textLength];
    }
    return events > mostEvents / 2 || text > mostText / 2;
  }

  override difference(
    pipelineId: number,
    versions: Versions,
    options: DifferenceOptions = {},
  ): AsyncGenerator<DifferencePage, void, undefined> {
    const kept = this.#covering(versions, options);
    if (kept === null) return super.difference(pipelineId, versions, options);
    const pages = cutPages('insert', insertsOf(kept, versions, options), options.pageSize);
    return isBased(kept, options) ? pages : withStretches(pages, versions.to);
  }

  /** Returns the commits that hold all of a difference, in which nothing goes; null where there are none such. */
  #covering({ from, to }: Versions, { after, reach = everywhere }: DifferenceOptions): readonly Kept[] | null {
    const kept = this.#kept.filter(({ version }) => version <= to);
    const [first, last] = [kept[0], kept.at(-1)];
    if (first === undefined || last === undefined || after !== undefined) return null;
    const hasVersions = last.version === to && first.version <= from + 1;
    // Above the block that counted before all rows are new, whichever version brought them.
    const hasBlocks = reach.to <= reach.from || first.batch.fromBlock <= reach.from + 1;
    return hasVersions && hasBlocks ? kept : null;
  }
}

/** Says whether something of commits may be left out that the table has beside the rest. */
function isBased([first]: readonly Kept[], { base }: DifferenceOptions): boolean {
  return base !== undefined && first !== undefined && first.version <= base.version;
}

/** Says where the events of pages lie: what follows on one another in commits does in the table. */
async function* withStretches(
  pages: AsyncGenerator<DifferencePage, void, undefined>,
  version: number,
): AsyncGenerator<DifferencePage, void, undefined> {
  for await (const page of pages) yield { ...page, stored: stretchOf(page.events, version) };
}

/** The length of a batch's arguments; null where its events are in another order than that of the table. */
function textOf({ events, fromBlock, toBlock }: EventBatch): number | null {
  let length = 0;
  let [block, log] = [fromBlock, -1];
  for (const { blockNumber, logIndex, argsJson } of events) {
    const isNext = blockNumber > block || (blockNumber === block && logIndex > log);
    if (!isNext || blockNumber > toBlock) return null;
    [block, log] = [blockNumber, logIndex];
    length += argsJson.length;
  }
  return length;
}

function* insertsOf(
  kept: readonly Kept[],
  { from }: Versions,
  { reach = everywhere, base, eventNames = [] }: DifferenceOptions,
): Generator<readonly VersionedEvent[], void, undefined> {
  for (const { version, chainId, batch } of kept) {
    const [least, most] = [version > from ? -1 : reach.from + 1, Math.max(reach.from, reach.to)];
    if (batch.toBlock < least || batch.fromBlock > most) continue;
    const events: VersionedEvent[] = [];
    for (const event of batch.events) {
      const { blockNumber, eventName } = event;
      if (blockNumber < least || blockNumber > most || !isAmong(eventNames, event)) continue;
      if (base !== undefined && version <= base.version && blockNumber <= base.block) continue;
      // Written out: what is spread costs as much again.
      events.push({
        blockNumber,
        blockHash: event.blockHash,
        timestamp: event.timestamp,
        transactionHash: event.transactionHash,
        transactionIndex: event.transactionIndex,
        logIndex: event.logIndex,
        contractAddress: event.contractAddress,
        eventName,
        eventSignature: event.eventSignature,
        argsJson: event.argsJson,
        chainId,
        version,
        added: version,
      });
    }
    yield events;
  }
}
