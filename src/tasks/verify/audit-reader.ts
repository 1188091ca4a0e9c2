import type { ChainClient } from '../../chain/blocks/chain-client.js';
import { RpcError } from '../../chain/transport/errors/rpc-error.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';

/** Reads through some of a chain's endpoints as long as they have what is asked for, and then through all: they may be pruned. */
export class AuditReader {
  readonly #all: ChainClient;
  readonly #logger: Logger;
  #client: ChainClient;

  constructor(some: ChainClient, all: ChainClient, logger: Logger) {
    this.#client = some;
    this.#all = all;
    this.#logger = logger;
  }

  /** A run asks the first endpoint, unless that fails: whoever audits it asks the others, where there are some. */
  static ofOthers(chain: ChainClient, logger: Logger): AuditReader {
    const [first = '', ...others] = chain.endpoints;
    return new AuditReader(others.length === 0 ? chain : chain.via({ except: [first] }), chain, logger);
  }

  /** Returns the chain's id; says through whom it reads. Throws as ChainClient's. */
  async chainId(signal: AbortSignal): Promise<number> {
    const id = await this.through((client) => client.chainId(signal));
    const { endpoints } = this.#client;
    if (this.#client !== this.#all)
      this.#logger.log('info', `reading through ${endpoints.join(', ')}`, { event: 'verify.endpoints', endpoints });
    return id;
  }

  /** Does what asks the chain; again through all endpoints where some of them did not give what it asks for. */
  async through<T>(ask: (client: ChainClient) => Promise<T>): Promise<T> {
    try {
      return await ask(this.#client);
    } catch (error) {
      const isOfChain = error instanceof ChainUnreachableError || error instanceof RpcError;
      if (!isOfChain || this.#client === this.#all) throw error;
      const message = `reading through ${String(this.#all.endpoints[0])} as well: ${error.message}`;
      this.#logger.log('warn', message, { event: 'verify.endpoints' });
      this.#client = this.#all;
      return await ask(this.#client);
    }
  }
}
