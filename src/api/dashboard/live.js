import { serverNow } from './clock.js';
import { followEvents } from './event-stream.js';
import { setZone } from './zone.js';

/** Clocks that move apart by more have not merely been corrected: this computer has slept. */
const sleptMs = 2_000;

/** How far the clock of the day is ahead of the one by which ages grow here: that one may stand still while a computer sleeps. */
function clockGap() {
  return Date.now() - performance.now();
}

/** All that the server has told, by key, each with the moment at which it was read. */
class Live extends EventTarget {
  #entries = new Map();
  #stop = new AbortController();
  #isTold = false;
  #clockGap = clockGap();
  /** `connecting`, `open`, `lost`, or `signed-out`. */
  state = 'connecting';
  /** Why it was lost; null where nothing is known of that. */
  failure = null;
  /** Up to when what is shown was so; null: nothing was ever read. */
  asOf = null;

  /** Says whether everything was told that there is, and was read from the database. */
  get isComplete() {
    return this.#isTold && this.get('system')?.running !== undefined;
  }

  /** Says whether what is shown is so now: the server is heard, and reads its database. */
  get isCurrent() {
    return this.state === 'open' && this.get('trouble') === null;
  }

  /** Follows the server from now on, with the token that is known now. */
  follow() {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#clockGap = clockGap();
    void followEvents('/api/v1/live', {
      signal: this.#stop.signal,
      onEvent: (event) => this.#take(event),
      // A connection says nothing yet of what the server knows.
      onState: (state, failure) => state === 'open' || this.#setState(state, failure),
    });
  }

  /** Has everything told anew where this computer has slept since it was: how old that is by now can't be said. */
  noticeSleep() {
    if (this.#stop.signal.aborted || Math.abs(clockGap() - this.#clockGap) < sleptMs) return false;
    this.follow();
    return true;
  }

  get(key) {
    return this.#entries.get(key) ?? null;
  }

  /** Returns the values of a kind: `task`, `pipeline`, `alert`. */
  all(kind) {
    const found = [];
    for (const [key, value] of this.#entries) if (key.startsWith(`${kind}:`)) found.push(value);
    return found;
  }

  /** Forgets all that was told: whoever looks now has not said who they are. */
  stop() {
    this.#stop.abort();
    this.#entries.clear();
    this.#isTold = false;
    this.asOf = null;
    this.#setState('signed-out', null);
  }

  #take({ name, data }) {
    if (this.noticeSleep()) return;
    const { set, drop = [] } = JSON.parse(data);
    const wasTrouble = name !== 'all' && this.get('trouble') !== null;
    if (name === 'all') this.#entries.clear();
    for (const key of drop) this.#entries.delete(key);
    const beats = [];
    for (const [key, value] of Object.entries(set)) {
      // A server of an older version, that took this one's place, does not say when it has read.
      const readAt = performance.now() - (value.read_seconds_ago ?? 0) * 1000;
      const before = this.#entries.get(key);
      if (before && before.last_heartbeat !== value.last_heartbeat) beats.push(key);
      this.#entries.set(key, { ...value, readAt });
    }
    // What changes is not all that there is.
    if (name === 'all') this.#isTold = true;
    this.#keepTime(wasTrouble);
    const zone = this.get('system')?.time_zone;
    if (zone !== undefined && setZone(zone)) this.dispatchEvent(new Event('zone'));
    this.#setState('open', null);
    for (const key of beats) this.dispatchEvent(new CustomEvent('beat', { detail: key }));
    this.dispatchEvent(new Event('change'));
  }

  /** While the database can't be read nothing new is known, whatever is told of the trouble. */
  #keepTime(wasTrouble) {
    const trouble = this.get('trouble');
    if (trouble === null) this.asOf = new Date(serverNow());
    else if (trouble.unread_seconds === null) this.asOf = null;
    else if (!wasTrouble) {
      const passed = (performance.now() - trouble.readAt) / 1000;
      this.asOf = new Date(serverNow() - (trouble.unread_seconds + passed) * 1000);
    }
  }

  #setState(state, failure) {
    // To try again is no other state than to have lost it.
    if (state === 'connecting' && this.state === 'lost') return;
    if (state === 'lost' && this.state === 'signed-out') return;
    this.failure = failure;
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent('state', { detail: failure }));
  }
}

/** What the server tells, as long as this page is open. */
export const live = new Live();
