import type { ChainClient } from '../../chain/blocks/chain-client.js';
import { withoutCode } from '../../chain/blocks/without-code.js';
import { toChecksumAddress } from '../../chain/abi/checksum.js';
import type { Logger } from '../../runtime/logger.js';
import type { EventMonitorConfig } from './config.js';
import type { FactoryConfig } from './factory/config.js';

/** Addresses that are looked at: a longer list is made by a program. */
const mostAddresses = 500;

/** Addresses that are named. */
const mostNamed = 5;

type Contracts = Pick<EventMonitorConfig, 'chainName' | 'contracts' | 'factory'>;

/** Finds the contracts of a definition that have no code at the head, which emit nothing: a wrong address, or another chain's. */
export class MissingCode {
  readonly #config: Contracts;
  #hasLooked = false;
  #found: readonly string[] = [];

  constructor(config: Contracts) {
    this.#config = config;
  }

  /** At most 5 of them, in the form of EIP-55. */
  get found(): readonly string[] {
    return this.#found;
  }

  /** Looks once, in the background, and warns. What can't be asked is left open. */
  look(chain: ChainClient, head: number, logger: Logger, signal: AbortSignal): void {
    if (this.#hasLooked) return;
    this.#hasLooked = true;
    const addresses = addressesOf(this.#config).slice(0, mostAddresses);
    // It says nothing of the run's own work.
    const call = { moved: () => Promise.resolve(), signal };
    withoutCode(chain, addresses, head, call).then(
      (found) => this.#tell([...found].map(toChecksumAddress), head, logger),
      () => (this.#hasLooked = false),
    );
  }

  #tell(found: readonly string[], block: number, logger: Logger): void {
    if (found.length === 0) return;
    this.#found = found.slice(0, mostNamed);
    const more = found.length > mostNamed ? ` and ${found.length - mostNamed} more` : '';
    const message = `no contract on ${this.#config.chainName} at ${this.#found.join(', ')}${more}, as of block ${block}: it emits no events; check its address and chain_name in the definition`;
    logger.log('warn', message, { event: 'source.no_code', addresses: this.#found, block });
  }
}

function addressesOf({ contracts, factory }: Contracts): readonly string[] {
  return [...new Set([...contracts.flatMap(({ addresses }) => addresses ?? []), ...factoriesOf(factory)])];
}

/** Those that the definition names. */
function factoriesOf(config: FactoryConfig | undefined): readonly string[] {
  if (config === undefined) return [];
  return 'event' in config.factory ? factoriesOf(config.factory) : config.factory;
}
