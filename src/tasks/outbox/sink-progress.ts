import type { SinkCursor } from '../../components/seam/sink.js';
import type { SinkChange } from '../../database/sinks/sink-store.js';
import type { SinkStanding } from '../../model/sink.js';
import { lastBlockOf, neededVersion, placeText, readPlace } from './place.js';
import type { Pass, SinkPlace } from './place.js';
import type { SinkConnection } from './sink-connection.js';

/** What is read of a sink before it goes on. */
export interface Resumed {
  readonly place: SinkPlace;
  readonly standing: SinkStanding;
  /** What its target keeps; undefined where it keeps nothing. */
  readonly held: SinkCursor | null | undefined;
}

/** Where one sink stands, and what its row must say of that. */
export class SinkProgress {
  readonly #connection: SinkConnection;
  /** Under which claim its target is written. */
  holder: Omit<SinkCursor, 'place'>;
  /** Where it stands; null until that is known. */
  place: SinkPlace | null = null;
  /** What its receiver was told last. */
  sent: SinkCursor | null = null;
  /** It has gone on from its target in this run. */
  wasClaimed = false;
  /** Its target held something when it was looked at last. */
  #hadAny = false;
  /** The pass of which the row knows already. */
  #stored: Pass | null = null;
  #base: SinkStanding['base'] = { version: 0, block: -1 };
  #cursorBlock: number | null = null;
  /** Of a sink that gathers: the version from which its target may have to be told again. */
  #heldNeeds: number | null = null;

  constructor(connection: SinkConnection, holder: Omit<SinkCursor, 'place'>) {
    this.#connection = connection;
    this.holder = holder;
  }

  /** Its target, which gathers, held something in this run and is empty now. */
  get isLost(): boolean {
    return this.#hadAny && this.#connection.opened?.sink.isEmpty === true;
  }

  /** What it was given first: rows of earlier versions, up to a block, are none of its affair. */
  get base(): SinkStanding['base'] {
    return this.#base;
  }

  /** Takes what its row says, before its place is known. */
  read({ base, cursorBlock, sentPlace }: SinkStanding, held: SinkCursor | null | undefined): void {
    const told = sentPlace === null ? null : this.cursorOf(sentPlace);
    this.sent = held === undefined ? told : held;
    [this.#base, this.#cursorBlock] = [base, cursorBlock];
  }

  /** Goes on from a place. */
  resume({ place, standing, held }: Resumed): void {
    if (placeText(place) === standing.place) this.#stored = place.pass;
    const isHeld = this.#connection.gathers && held !== null && held !== undefined;
    this.#heldNeeds = isHeld ? neededBy(held.place) : null;
    this.place = place;
    this.wasClaimed = true;
    this.#hadAny = false;
  }

  /** Knows no more where it stands: its target must be asked. */
  forget(): void {
    this.place = null;
    this.#stored = null;
  }

  /** Says whether the row names a pass: before the first of its messages leaves it must. */
  isStored(pass: Pass): boolean {
    return this.#stored === pass;
  }

  /** The row names a pass now. */
  storedAs({ pass }: SinkPlace): void {
    this.#stored = pass;
  }

  /** What is sent again, whoever had it first, is the sink's affair from then on. */
  lowerBase({ from, resends }: Pass): void {
    if (!resends || from.block === null || from.block >= this.#base.block) return;
    this.#base = { ...this.#base, block: from.block };
  }

  /** All rows are the sink's affair from now on. */
  dropBase(): SinkStanding['base'] {
    this.#base = { version: 0, block: -1 };
    return this.#base;
  }

  cursorOf(place: string): SinkCursor {
    return { ...this.holder, place };
  }

  /** Returns what its row must say of what its receiver was told: a target that gathers was not told for good. */
  sentChange(): SinkChange {
    return this.#connection.gathers || this.sent === null ? {} : { sentPlace: this.sent.place };
  }

  /** Returns what its row must say once it stands at a place. */
  changeTo(place: SinkPlace): SinkChange {
    const { keptBlock, isEmpty } = this.#connection.opened?.sink ?? {};
    if (isEmpty === false) this.#hadAny = true;
    this.#cursorBlock = keptBlock === undefined ? this.blockAt(place) : keptBlock;
    return {
      place: placeText(place),
      epoch: this.holder.epoch,
      needsVersion: this.#needed(place),
      reaches: place.pass.to.version,
      cursorBlock: this.#cursorBlock,
    };
  }

  /** Up to which block all is delivered at a place. */
  blockAt({ pass, at }: SinkPlace): number | null {
    if (at === 'end') return lastBlockOf(pass);
    const below = at === 'begin' || at.op === 'remove' ? -1 : at.place.blockNumber - 1;
    return below > (this.#cursorBlock ?? -1) ? below : this.#cursorBlock;
  }

  #needed(place: SinkPlace): number {
    if (!this.#connection.gathers) return neededVersion(place);
    const keptPlace = this.#connection.opened?.sink.keptPlace;
    const held = typeof keptPlace === 'string' ? neededBy(keptPlace) : this.#heldNeeds;
    const { version } = this.#base;
    return held ?? (version > 0 ? version : place.pass.to.version);
  }
}

function neededBy(text: string): number | null {
  const place = readPlace(text);
  return place === null ? null : neededVersion(place);
}
