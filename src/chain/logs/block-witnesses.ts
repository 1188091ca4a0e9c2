import type { BlockRange, BlockRef } from '../../model/block.js';
import type { Call } from '../../runtime/call.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import { backoffMs } from '../../runtime/retry.js';
import type { ChainClient } from '../blocks/chain-client.js';
import { cleanLogs } from './clean-logs.js';
import { Inconsistency, checkHashes } from '../blocks/consistency.js';
import { NodeLagsError } from '../blocks/consistency.js';
import { matcherOf, toLogFilter } from '../blocks/log-filter.js';
import type { LogFilter } from '../../model/log-filter.js';
import { hearTogether } from './hear-together.js';
import { LogReader } from './log-reader.js';
import type { FetchedRange } from '../blocks/range-reader.js';
import { RpcError, asksForLess, mayBeLimit } from '../transport/errors/rpc-error.js';
import { tellAlike } from './tell-alike.js';
import type { ToldBlocks } from './tell-alike.js';

interface BlockWitnessesOptions {
  readonly chain: ChainClient;
  readonly filter: LogFilter;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What one endpoint says of a range; a text where it can't say. */
interface Testimony {
  readonly endpoint: string;
  readonly said: ToldBlocks | string;
}

/** How often endpoints that do not agree are asked, over some ten seconds, before the head is looked at anew. */
const attempts = 8;
const backoff = { firstMs: 200, maxMs: 2_000 };

/** Asks one endpoint. */
type Ask = (client: ChainClient, reader: LogReader, signal: AbortSignal) => Promise<ToldBlocks>;

/** Has new blocks confirmed: what two endpoints tell alike is believed, whoever told it first. */
export class BlockWitnesses {
  readonly #options: BlockWitnessesOptions;
  readonly #filter: LogFilter;
  readonly #clients: readonly (readonly [name: string, client: ChainClient, reader: LogReader])[];

  constructor(options: BlockWitnessesOptions) {
    const { chain } = options;
    this.#options = options;
    this.#filter = toLogFilter(options.filter);
    this.#clients = chain.endpoints.map((name) => {
      const client = chain.via({ only: [name] });
      return [name, client, new LogReader(client, this.#filter)];
    });
  }

  /**
   * Returns a verified range with the logs that two endpoints tell. Throws NodeLagsError where no two agree in time, or agree
   * on other blocks; ChainUnreachableError where none can be asked.
   */
  async confirm(fetched: FetchedRange, call: Call): Promise<FetchedRange> {
    const { last } = fetched;
    const ask: Ask = (_client, reader, both) => this.#read(reader, fetched, both);
    const agreed = await this.#agree(last.number, ask, call);
    if (agreed.last.hash === last.hash) return this.#confirmed(fetched, agreed);
    const message = `block ${last.number} is ${last.hash}, but two endpoints agree on ${agreed.last.hash}`;
    throw new NodeLagsError(message, { hint });
  }

  /** Makes sure that a block was replaced; throws as `confirm` does where two endpoints still have it, or no two agree. */
  async confirmReplaced(held: BlockRef, call: Call): Promise<void> {
    const ask: Ask = async (client, _reader, both) => {
      const last = await client.header(held.number, both);
      if (last === null) throw new Inconsistency(`block ${held.number} is not there`);
      return { logs: [], last };
    };
    const agreed = await this.#agree(held.number, ask, call);
    if (agreed.last.hash !== held.hash) return;
    throw new NodeLagsError(`block ${held.number} is another by the word of one endpoint alone`, { hint });
  }

  #confirmed(fetched: FetchedRange, agreed: ToldBlocks): FetchedRange {
    if (tellAlike(fetched, agreed)) return fetched;
    const { from, to, logs } = fetched;
    const message = `two endpoints agree on ${agreed.logs.length} logs in blocks ${from} to ${to}, where ${logs.length} had been told`;
    this.#options.logger.log('warn', message, { event: 'source.outvoted', from, to });
    return { ...fetched, logs: agreed.logs };
  }

  /** Returns what two endpoints tell alike up to a block; asks again for some time where no two do. */
  async #agree(block: number, ask: Ask, call: Call): Promise<ToldBlocks> {
    for (let attempt = 1; ; attempt++) {
      const heard = await this.#hear(ask, call.signal);
      await call.moved();
      const agreed = this.#pairIn(heard);
      if (agreed !== null) return agreed;
      const complaint = complaintOf(block, heard);
      if (attempt >= attempts) throw new NodeLagsError(complaint, { hint });
      this.#options.logger.log('info', `asking again: ${complaint}`, { event: 'source.unconfirmed', block });
      await this.#options.clock.sleep(backoffMs(attempt, backoff), call.signal);
    }
  }

  /** Asks all at once; hears no more when two agree, or some time after the first has answered. */
  async #hear(ask: Ask, signal: AbortSignal): Promise<readonly Testimony[]> {
    const { voices, failures } = await hearTogether(
      this.#clients,
      async ([endpoint, client, reader], both) => ({ endpoint, said: await ask(client, reader, both).catch(toText) }),
      (heard) => this.#pairIn(heard) !== null,
      () => false,
      this.#options.clock,
      signal,
    );
    if (voices.length === 0) throw failures[0];
    return voices;
  }

  /** Returns what two endpoints tell alike that are not one node; null where no two do. */
  #pairIn(heard: readonly Testimony[]): ToldBlocks | null {
    const { chain } = this.#options;
    const told = heard.flatMap(({ endpoint, said }) => (typeof said === 'string' ? [] : [{ endpoint, said }]));
    const pair = told.find((one, index) =>
      told
        .slice(index + 1)
        .some((other) => !chain.areOneNode(one.endpoint, other.endpoint) && tellAlike(one.said, other.said)),
    );
    return pair?.said ?? null;
  }

  async #read(reader: LogReader, fetched: FetchedRange, signal: AbortSignal): Promise<ToldBlocks> {
    const { logs: told, last } = await readWhole(reader, fetched, signal);
    const { logs, removed } = cleanLogs(told, fetched, matcherOf(this.#filter));
    if (removed > 0) throw new Inconsistency('its logs are of blocks that were replaced');
    checkHashes(logs, last.hash === fetched.last.hash ? fetched.headers : [last]);
    return { logs, last };
  }
}

const hint = 'verify_heads asks that two endpoints tell the same of a new block: give one more --rpc-url';

/** Reads a range, in halves where an endpoint does not give it at once. */
async function readWhole(reader: LogReader, range: BlockRange, signal: AbortSignal): Promise<ToldBlocks> {
  const { from, to } = range;
  try {
    return await reader.read({ from, to }, signal);
  } catch (error) {
    if (from === to || !(error instanceof RpcError) || !(asksForLess(error) || mayBeLimit(error))) throw error;
    const middle = Math.floor((from + to) / 2);
    const first = await readWhole(reader, { from, to: middle }, signal);
    const second = await readWhole(reader, { from: middle + 1, to }, signal);
    return { logs: [...first.logs, ...second.logs], last: second.last };
  }
}

/** What one endpoint can't tell, it says why. */
function toText(error: unknown): string {
  if (error instanceof RpcError || error instanceof Inconsistency) return error.message;
  throw error;
}

function complaintOf(block: number, heard: readonly Testimony[]): string {
  const told = heard.map(({ endpoint, said }) =>
    typeof said === 'string' ? said : `${endpoint}: ${said.last.hash} with ${said.logs.length} logs`,
  );
  return `no two endpoints agree on block ${block} in time (${told.join('; ')})`;
}
