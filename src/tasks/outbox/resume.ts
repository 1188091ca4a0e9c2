import type { SinkCursor } from '../../components/seam/sink.js';
import type { JournalHead, RowsSince } from '../../database/events/journal-store.js';
import type { SinkStanding } from '../../model/sink.js';
import { isReplayAsked } from './blocks-behind.js';
import { comparePasses, neededVersion, placeText, readPlace } from './place.js';
import type { SinkPlace } from './place.js';
import { SinkStoppedError } from './sink-stopped-error.js';

/** What is known of a sink when it is opened. */
export interface ResumeFacts {
  readonly standing: SinkStanding;
  readonly head: JournalHead;
  /** What its target keeps; undefined where it keeps nothing. */
  readonly held: SinkCursor | null | undefined;
  /** It gathers: its target may lie behind what it was handed. */
  readonly gathers: boolean;
  /** It gathers, and its target held something in this run, and is empty now. */
  readonly isLost: boolean;
  /** Says whether the journal still tells all that changed since a version. */
  readonly reachesBack: (version: number) => Promise<boolean>;
  /** Returns what has become of the pipeline's rows since a version that the journal has come to, and still reaches back to. */
  readonly since: (version: number) => Promise<RowsSince>;
}

/**
 * Returns the place from which a sink goes on. Throws SinkStoppedError where what its target holds, or its own row, does not
 * fit the journal: nothing is guessed then.
 */
export async function resumePlace(facts: ResumeFacts): Promise<SinkPlace> {
  const { standing, head, held, gathers } = facts;
  const { pipelineId, name } = standing;
  const keepsRows = held !== undefined && !gathers;
  const stop = (message: string): SinkStoppedError => new SinkStoppedError(pipelineId, name, message, keepsRows);
  if (standing.epoch !== head.epoch)
    throw stop('the pipeline’s checkpoint was made anew since the sink last delivered');
  const own = standing.place === null ? null : readPlace(standing.place);
  if (own === null) throw stop('its place can’t be read');
  if (own.pass.to.version > head.version) throw stop('it stands ahead of the journal: the database was set back');
  const place = held === undefined ? own : await fromTarget(facts, own, held, stop);
  const needed = neededVersion(place);
  if (needed === 0 || (await facts.reachesBack(needed))) return place;
  throw stop('the journal has forgotten what has changed since its place');
}

async function fromTarget(
  facts: ResumeFacts,
  own: SinkPlace,
  held: SinkCursor | null,
  stop: (message: string) => SinkStoppedError,
): Promise<SinkPlace> {
  const { standing, head, gathers, isLost } = facts;
  if (held === null) {
    // Whatever block a replay is asked from: of what is lost no part is missed.
    if (isLost && !isReplayAsked(standing)) {
      throw stop(
        'its target holds nothing any more: was it emptied, or is its volume away? Once that is back it goes on',
      );
    }
    if (gathers) return firstPlace(standing, own);
    if (standing.sentPlace === null) return own;
    throw stop('its target has lost what was delivered, or is another one');
  }
  if (held.epoch !== head.epoch) throw stop('its target belongs to another life of the pipeline (another epoch)');
  if (held.place === standing.sentPlace) return own;
  const place = readPlace(held.place);
  if (place === null) throw stop('the place that its target keeps can’t be read');
  const ahead = comparePasses(place.pass, own.pass);
  if (held.place !== standing.place && hasNotBegun(standing) && (await isPutBack(facts, place, stop))) return place;
  // Another target may have been filled up to the same rows by a pass that began elsewhere.
  if (ahead > 0 || (ahead === 0 && place.pass.headBlock !== own.pass.headBlock)) {
    throw stop('its target is ahead of the journal: the database was set back');
  }
  return place;
}

/**
 * Says whether a target is that of a sink which was taken out of the definition, and is put back: the journal has come to where it
 * stands, and had read then what it says. Throws SinkStoppedError where it is, and what has gone meanwhile nobody knows.
 */
async function isPutBack(
  { head, reachesBack, since }: ResumeFacts,
  { pass }: SinkPlace,
  stop: (message: string) => SinkStoppedError,
): Promise<boolean> {
  if (pass.to.version > head.version) return false;
  const was = 'what was delivered before the sink was taken out of the definition is in its target, and ';
  if (!(await reachesBack(pass.to.version))) throw stop(`${was}the journal has forgotten what has changed since`);
  const { isAppended, headBlock } = await since(pass.to.version);
  // Without sinks nobody keeps what goes.
  if (!isAppended) throw stop(`${was}what has been taken back or repaired since was not kept for it`);
  return headBlock === pass.headBlock;
}

/** Says whether a sink's row names the place where it begins: before it is told anything it names a pass. */
export function hasNotBegun({ place, sentPlace }: Pick<SinkStanding, 'place' | 'sentPlace'>): boolean {
  const own = place === null ? null : readPlace(place);
  if (own === null || own.at !== 'end' || sentPlace !== null || own.pass.resends) return false;
  const { from, to } = own.pass;
  return from.version === to.version && from.block === to.block;
}

/** Where a sink begins whose target holds nothing. */
function firstPlace({ base }: Pick<SinkStanding, 'base'>, { pass: { to, replay } }: SinkPlace): SinkPlace {
  const block = to.block === null ? null : base.block;
  const extent = { version: base.version, block };
  return { pass: { from: extent, to: extent, headBlock: null, replay, resends: false }, at: 'end' };
}

/** The place of which a text is to be stored where a sink begins; what had been read up to `headBlock` is none of its affair. */
export function firstText(version: number, block: number | null, headBlock: number | null = null): string {
  const extent = { version, block };
  return placeText({ pass: { from: extent, to: extent, headBlock, replay: 0, resends: false }, at: 'end' });
}
