import type { Clock } from '../../runtime/clock.js';
import type { WatchEndpoints } from '../chains.js';
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
  readonly #watch: WatchEndpoints | undefined;
  readonly #open = new Map<string, { readonly client: PortalClient; readonly holders: Set<object> }>();
  /** Those who have nothing else to ask of their chain, by portal and chain. */
  readonly #alone = new Map<string, { readonly end: () => Promise<void>; readonly holders: Set<object> }>();

  constructor(clock: Clock, watch?: WatchEndpoints) {
    this.#clock = clock;
    this.#watch = watch;
  }

  /** `aloneOn`: the id of the chain of which nobody but the portal is asked, so that it is reported as its endpoint. */
  open(url: string, aloneOn?: number): PortalUse {
    const shared = this.#open.get(url) ?? { client: new PortalClient({ url, clock: this.#clock }), holders: new Set() };
    this.#open.set(url, shared);
    const holder = {};
    shared.holders.add(holder);
    const { client } = shared;
    const unwatch = aloneOn === undefined ? undefined : this.#watchAlone(`${aloneOn} ${url}`, aloneOn, client);
    const close = async (): Promise<void> => {
      if (!shared.holders.delete(holder)) return;
      await unwatch?.();
      if (shared.holders.size > 0) return;
      if (this.#open.get(url) === shared) this.#open.delete(url);
      await client.close();
    };
    return { client, close };
  }

  #watchAlone(key: string, chainId: number, client: PortalClient): (() => Promise<void>) | undefined {
    if (this.#watch === undefined) return undefined;
    const watched = this.#alone.get(key) ?? {
      end: this.#watch(chainId, () => [client.report()]),
      holders: new Set(),
    };
    this.#alone.set(key, watched);
    const holder = {};
    watched.holders.add(holder);
    return async () => {
      watched.holders.delete(holder);
      if (watched.holders.size > 0) return;
      if (this.#alone.get(key) === watched) this.#alone.delete(key);
      await watched.end();
    };
  }
}
