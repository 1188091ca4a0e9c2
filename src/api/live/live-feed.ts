import type { ServerEvent } from '../server-events.js';

/** Something that clients see change: a task, a pipeline, an alert. */
export interface LiveEntry {
  /** `task:12`. */
  readonly key: string;
  readonly value: object;
  /** What must differ for the entry to be news: without ages, that grow by themselves. */
  readonly mark: string;
}

interface KeptEntry {
  readonly section: string;
  readonly value: object;
  readonly mark: string;
  readonly version: number;
  /** When it was read, in milliseconds of the feed's clock. */
  readonly readAt: number;
}

/** How old what was made for one client may be for the next, in milliseconds: ages in it are off by no more. */
const madeForMs = 100;

/** Keys of dropped entries that are remembered for clients that come back. */
const mostDropped = 1_000;

/**
 * What is so now, under keys, each with the version at which it changed last. A client that says which version it has
 * seen is told what changed since; one that says none, or has seen another feed, is told all. Each value comes with how
 * long ago it was read: an age in it was so then.
 */
export class LiveFeed {
  /** Tells this feed's versions apart from those of another process. */
  readonly #name: string;
  readonly #now: () => number;
  readonly #entries = new Map<string, KeptEntry>();
  readonly #dropped = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  /** What was made last: many clients that come, or wake, at one time are told the same. */
  #made: { readonly seen: number | null; readonly at: number; readonly news: ServerEvent } | null = null;
  #version = 0;
  /** What was dropped up to this version is forgotten. */
  #forgotten = 0;

  /** `now` is a monotonic clock, in milliseconds. */
  constructor(name: string, now: () => number) {
    this.#name = name;
    this.#now = now;
  }

  /** Says what a section held when it was read, at `readAt`: what is left out of it is gone. */
  show(section: string, entries: readonly LiveEntry[], readAt = this.#now()): void {
    this.#made = null;
    const version = this.#version + 1;
    let isNews = false;
    for (const { key, value, mark } of entries) {
      const kept = this.#entries.get(key);
      const isSame = kept?.mark === mark;
      isNews ||= !isSame;
      this.#entries.set(key, { section, value, mark, version: isSame ? kept.version : version, readAt });
      this.#dropped.delete(key);
    }
    const keys = new Set(entries.map(({ key }) => key));
    const gone = [...this.#entries].filter(([key, kept]) => kept.section === section && !keys.has(key));
    for (const [key] of gone) this.#drop(key, version);
    if (!isNews && gone.length === 0) return;
    this.#version = version;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Returns what a client is told at first that has seen `lastEventId`: also that nothing has changed, which it can't know. */
  begin(lastEventId: string | undefined): ServerEvent {
    const nothing = { id: `${this.#name}-${this.#version}`, event: 'change', data: '{"set":{},"drop":[]}' };
    return this.since(lastEventId) ?? nothing;
  }

  /** Returns what a client must be told that has seen `lastEventId`; null where that is nothing. */
  since(lastEventId: string | undefined): ServerEvent | null {
    const seen = this.#versionOf(lastEventId);
    if (seen === this.#version) return null;
    const at = this.#now();
    const made = this.#made;
    if (made?.seen === seen && at - made.at < madeForMs) return made.news;
    const news = this.#newsSince(seen, at);
    this.#made = { seen, at, news };
    return news;
  }

  #newsSince(seen: number | null, now: number): ServerEvent {
    const id = `${this.#name}-${this.#version}`;
    const changed = [...this.#entries].filter(([, { version }]) => seen === null || version > seen);
    const ago = (readAt: number): number => Math.max(0, Math.round(now - readAt)) / 1_000;
    const values = changed.map(([key, { value, readAt }]) => [key, { ...value, read_seconds_ago: ago(readAt) }]);
    const set = Object.fromEntries(values) as Readonly<Record<string, object>>;
    if (seen === null) return { id, event: 'all', data: JSON.stringify({ set }) };
    const drop = [...this.#dropped].filter(([, version]) => version > seen).map(([key]) => key);
    return { id, event: 'change', data: JSON.stringify({ set, drop }) };
  }

  /** Resolves with the next change, or when the client is gone. */
  changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  #drop(key: string, version: number): void {
    this.#entries.delete(key);
    this.#dropped.set(key, version);
    if (this.#dropped.size <= mostDropped) return;
    const [oldest] = this.#dropped;
    if (oldest === undefined) return;
    this.#dropped.delete(oldest[0]);
    this.#forgotten = Math.max(this.#forgotten, oldest[1]);
  }

  #versionOf(lastEventId: string | undefined): number | null {
    const [, name, digits] = /^(.+)-(\d{1,15})$/.exec(lastEventId ?? '') ?? [];
    if (name !== this.#name) return null;
    const version = Number(digits);
    const isKnown = version <= this.#version && version >= this.#forgotten;
    return isKnown ? version : null;
  }
}
