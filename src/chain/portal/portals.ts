import type { Clock } from '../../runtime/clock.js';
import { PortalClient } from './portal-client.js';

/** A portal as one of its users holds it. */
export interface PortalUse {
  readonly client: PortalClient;
  /** Gives it back; the last one closes the connections. May be called twice. */
  close(): Promise<void>;
}

/** The portals of one process: who reads the same one shares its rate. */
export class Portals {
  readonly #clock: Clock;
  readonly #open = new Map<string, { readonly client: PortalClient; readonly holders: Set<object> }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(url: string): PortalUse {
    const shared = this.#open.get(url) ?? { client: new PortalClient({ url, clock: this.#clock }), holders: new Set() };
    this.#open.set(url, shared);
    const holder = {};
    shared.holders.add(holder);
    const close = async (): Promise<void> => {
      if (!shared.holders.delete(holder) || shared.holders.size > 0) return;
      if (this.#open.get(url) === shared) this.#open.delete(url);
      await shared.client.close();
    };
    return { client: shared.client, close };
  }
}
