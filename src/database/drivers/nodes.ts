import { DatabaseUnreachableError, messageOf } from '../../runtime/errors.js';

/** Where a node is. */
interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * The nodes of one database, in the order in which they are wanted; one where it is no cluster. All connections of a process
 * lead to the same node, which is kept for as long as it answers: with the first loss the next one's turn comes.
 */
export class Nodes<A extends NodeAddress> {
  readonly #addresses: readonly A[];
  readonly #nodeOf = new WeakMap<object, A>();
  #at = 0;

  constructor(addresses: readonly A[]) {
    this.#addresses = addresses;
  }

  /** Whether there is another node to go to: then one that takes no writes is passed over. */
  get isCluster(): boolean {
    return this.#addresses.length > 1;
  }

  /**
   * Connects to the node that is in use, or else to the next that lets `open` succeed. Throws what one node alone was met with,
   * DatabaseUnreachableError where none of several can be used, and at once what `isAway` does not take for an absence.
   */
  async connect<C extends object>(open: (address: A) => Promise<C>, isAway: (error: unknown) => boolean): Promise<C> {
    const troubles: string[] = [];
    for (const address of this.#inTurn()) {
      try {
        const connection = await open(address);
        this.#at = this.#addresses.indexOf(address);
        this.#nodeOf.set(connection, address);
        return connection;
      } catch (error) {
        if (!this.isCluster || !isAway(error)) throw error;
        troubles.push(
          `${address.host}:${address.port}: ${messageOf(error) || String((error as { code?: unknown }).code)}`,
        );
      }
    }
    throw new DatabaseUnreachableError(`no node of the cluster can be used: ${troubles.join('; ')}`, {
      hint: 'check that the nodes are up, and that one takes writes',
    });
  }

  /** Says whether a connection leads to the node that is in use. */
  isInUse(connection: object): boolean {
    const address = this.#nodeOf.get(connection);
    return address === undefined || address === this.#addresses[this.#at];
  }

  /** The node of this connection has failed: the next connection goes to another one, if there is one. */
  lost(connection: object): void {
    if (this.isInUse(connection)) this.#at = (this.#at + 1) % this.#addresses.length;
  }

  #inTurn(): readonly A[] {
    return [...this.#addresses.slice(this.#at), ...this.#addresses.slice(0, this.#at)];
  }
}
