import { followEvents } from './event-stream.js';
import { setZone } from './zone.js';

/** All that the server has told, by key, each with the moment at which it came. */
class Live extends EventTarget {
  #entries = new Map();
  #stop = new AbortController();
  /** `connecting`, `open`, `lost`, or `signed-out`. */
  state = 'connecting';
  /** When the server was heard last; null: never. */
  heardAt = null;
  isComplete = false;

  /** Follows the server from now on, with the token that is known now. */
  follow() {
    this.#stop.abort();
    this.#stop = new AbortController();
    void followEvents('/api/v1/live', {
      signal: this.#stop.signal,
      onEvent: (event) => this.#take(event),
      onState: (state, failure) => this.#setState(state, failure),
    });
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
    this.isComplete = false;
    this.heardAt = null;
    this.#setState('signed-out', null);
  }

  #take({ name, data }) {
    const { set, drop = [] } = JSON.parse(data);
    const receivedAt = performance.now();
    if (name === 'all') this.#entries.clear();
    for (const key of drop) this.#entries.delete(key);
    const beats = [];
    for (const [key, value] of Object.entries(set)) {
      const before = this.#entries.get(key);
      if (before && before.last_heartbeat !== value.last_heartbeat) beats.push(key);
      this.#entries.set(key, { ...value, receivedAt });
    }
    this.heardAt = new Date();
    this.isComplete = true;
    const zone = this.get('system')?.time_zone;
    if (zone !== undefined && setZone(zone)) this.dispatchEvent(new Event('zone'));
    for (const key of beats) this.dispatchEvent(new CustomEvent('beat', { detail: key }));
    this.dispatchEvent(new Event('change'));
  }

  #setState(state, failure) {
    // To try again is no other state than to have lost it.
    if (state === 'connecting' && this.state === 'lost') return;
    if (state === 'lost' && this.state === 'signed-out') return;
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent('state', { detail: failure }));
  }
}

/** What the server tells, as long as this page is open. */
export const live = new Live();
