import { logsAlike } from './tell-alike.js';
import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import type { Call } from '../../runtime/call.js';
import type { Clock } from '../../runtime/clock.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import type { ChainClient } from '../blocks/chain-client.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import { bloomTells } from '../blocks/bloom.js';
import { cleanLogs } from './clean-logs.js';
import { checkHashes, Inconsistency } from '../blocks/consistency.js';
import { hearTogether } from './hear-together.js';
import { matcherOf } from '../blocks/log-filter.js';
import type { LogFilter } from '../../model/log-filter.js';
import type { BlocksAnswer } from './log-calls.js';
import { LogReader } from './log-reader.js';
import { leastCut } from './silent-caps.js';

export interface SureLogsOptions {
  readonly chain: ChainClient;
  /** Its hex in lower case. */
  readonly filter: LogFilter;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What one endpoint says of some blocks, and which block was its newest then. */
interface Voice {
  readonly endpoint: string;
  readonly logs: readonly RawLog[];
  readonly head: number;
}

/** Blocks that are asked for, and what else is known of them. */
interface Case {
  readonly headers: readonly BlockHeader[];
  readonly last: BlockHeader;
  /** What receipts that can't be proven say of all of them. */
  readonly receipts: readonly RawLog[] | null;
  /** The names of endpoints that are not heard. */
  readonly except: readonly string[];
}

/** How blocks are asked for: by their hashes, each with a call of its own, or together. */
type Way = 'hashes' | 'range';

/** How many blocks are asked for by their hashes at first. */
const mostByHash = 8;
/** How often the same is asked at most: a node whose head stands still is believed after the last but one. */
const rounds = 5;

/**
 * Reads the logs of new blocks that no receipts prove. Two answers must be the same: those of two endpoints, or of one and its
 * receipts, or of one endpoint at two times, the later one when it is past the blocks.
 */
export class AgreedLogs {
  readonly #options: SureLogsOptions;
  readonly #clients: readonly (readonly [name: string, reader: LogReader])[];
  readonly #isWanted: (log: RawLog) => boolean;
  readonly #tells: (header: BlockHeader) => boolean;

  constructor(options: SureLogsOptions) {
    const { chain, filter } = options;
    this.#options = options;
    this.#clients = chain.endpoints.map((name) => [name, new LogReader(chain.via({ only: [name] }), filter)]);
    this.#isWanted = matcherOf(filter);
    this.#tells = bloomTells(filter);
  }

  /**
   * Returns the wanted logs of blocks; `unproven`: what their receipts say, by hashes; `except`: the names of endpoints that are not
   * heard. Throws Inconsistency where no two answers agree in time, and what the endpoints threw where none answers.
   */
  async read(
    headers: readonly BlockHeader[],
    unproven: ReadonlyMap<string, readonly RawLog[]>,
    except: readonly string[],
    call: Call,
  ): Promise<readonly RawLog[]> {
    const asked = toCase(headers, unproven, except);
    let before: readonly Voice[] = [];
    let way: Way = headers.length > mostByHash ? 'range' : 'hashes';
    for (let round = 1; round <= rounds; round++) {
      const heard = await this.#hear(asked, way, before.length > 0, call.signal);
      await call.moved();
      const believed = this.#believed(asked, heard, before, round);
      if (believed !== null) return believed;
      if (heard.length > 0) before = heard;
      else await this.#checkThere(asked.last, call.signal);
      // Of a range a node may give so many logs and no more, and would say the same again.
      if (heard.some(({ logs }) => this.#mayBeCut(asked, logs))) way = 'hashes';
      await this.#options.clock.sleep(this.#options.chain.doubtMs, call.signal);
    }
    throw new Inconsistency(`no two answers agree on the logs of block ${asked.last.number}: ${shown(before)}`);
  }

  /**
   * Asks all that are there at once; hears no more when what was said is enough, or some time after the first has answered. None may be
   * heard where the blocks were there before, and lack now: one of several nodes behind a URL may lag.
   */
  async #hear(asked: Case, way: Way, wereThere: boolean, signal: AbortSignal): Promise<readonly Voice[]> {
    const { reachable } = this.#options.chain;
    const { voices: said, failures } = await hearTogether(
      this.#clients.filter(([endpoint]) => reachable.includes(endpoint) && !asked.except.includes(endpoint)),
      ([endpoint, reader], both) => this.#ask(endpoint, reader, { ...asked, way }, both),
      (heard) => this.#provenIn(asked, this.#distinct(heard)) !== null,
      isAnswer,
      this.#options.clock,
      signal,
    );
    const voices = this.#distinct(said);
    const fatal = failures.find((error) => !isOfNode(error));
    if (fatal === undefined && wereThere && failures.some(isLag)) return voices;
    // Where one is away, and another is not but has not these blocks, the chain can be reached.
    if (fatal !== undefined || voices.length === 0) throw fatal ?? failures.find(isAnswer) ?? failures[0];
    return voices;
  }

  /** Throws Inconsistency where the chain has another block by now: nobody will ever tell of this one again. */
  async #checkThere({ number, hash }: BlockHeader, signal: AbortSignal): Promise<void> {
    const now = await this.#options.chain.header(number, signal);
    if (now !== null && now.hash !== hash) throw new Inconsistency(`block ${number} is another one by now`);
  }

  async #ask(
    endpoint: string,
    reader: LogReader,
    { headers, way }: Case & { readonly way: Way },
    signal: AbortSignal,
  ): Promise<Voice> {
    const { logs: told, head } = await tellOf(reader, headers, way, signal);
    const numbers = headers.map(({ number }) => number);
    const range = { from: Math.min(...numbers), to: Math.max(...numbers) };
    const { logs, removed, strays } = cleanLogs(told, range, this.#isWanted);
    if (removed + strays > 0)
      throw new Inconsistency(`${endpoint} gives ${removed + strays} logs that do not belong there`);
    checkHashes(logs, headers);
    return { endpoint, logs, head };
  }

  /** Returns what is to be believed now; null: nothing yet. What a header contradicts is not believed in silence. */
  #believed(asked: Case, heard: readonly Voice[], before: readonly Voice[], round: number): readonly RawLog[] | null {
    const proven = this.#provenIn(asked, heard);
    if (proven !== null) return proven;
    const isLate = round >= rounds - 1;
    const agreed = pairIn(asked, heard) ?? this.#saidAgain(asked, heard, before, isLate);
    if (agreed === null) return null;
    const [hollow] = this.#hollow(asked, agreed.logs);
    if (hollow === undefined) return agreed.logs;
    if (!isLate) return null;
    const { endpoint } = agreed;
    const { number } = hollow;
    const message = `${endpoint} goes on giving no logs for block ${number}, though its header tells of some or is not its own: there are taken to be none`;
    this.#options.logger.log('warn', message, { event: 'rpc.incomplete', host: endpoint, from: number, to: number });
    return agreed.logs;
  }

  /** Returns the voices without those that say the same as another of their node. */
  #distinct(heard: readonly Voice[]): readonly Voice[] {
    return heard.filter(
      (voice, index) =>
        !heard.slice(0, index).some((other) => this.#isOfOneNode(voice, other) && logsAlike(voice.logs, other.logs)),
    );
  }

  #isOfOneNode(one: Voice, other: Voice): boolean {
    return one.endpoint === other.endpoint || this.#options.chain.areOneNode(one.endpoint, other.endpoint);
  }

  /** Returns what the only one that is heard says as it did before, now that it is past the blocks, or it is late. */
  #saidAgain(
    { receipts, last }: Case,
    heard: readonly Voice[],
    before: readonly Voice[],
    isLate: boolean,
  ): Voice | null {
    const [now, ...others] = heard;
    if (now === undefined || others.length > 0 || receipts !== null) return null;
    const then = before.find((voice) => this.#isOfOneNode(voice, now));
    const isSame = then !== undefined && logsAlike(then.logs, now.logs);
    return isSame && (now.head > last.number || isLate) ? now : null;
  }

  /** Returns what need not be asked for again, whatever others may say. */
  #provenIn(asked: Case, heard: readonly Voice[]): readonly RawLog[] | null {
    const whole = heard.find(({ logs }) => this.#areWhole(asked, logs));
    if (whole !== undefined) return whole.logs;
    const agreed = pairIn(asked, heard);
    return agreed === null || this.#hollow(asked, agreed.logs).length > 0 ? null : agreed.logs;
  }

  /** Where every log of the blocks is wanted, their headers may prove them. */
  #areWhole({ headers, receipts }: Case, logs: readonly RawLog[]): boolean {
    const { proofs } = this.#options.chain;
    if (receipts !== null && !logsAlike(logs, receipts)) return false;
    return headers.every((header) => {
      const own = logs.filter(({ blockNumber }) => blockNumber === header.number);
      return proofs.areWhole(own, header);
    });
  }

  #mayBeCut(asked: Case, logs: readonly RawLog[]): boolean {
    return logs.length > leastCut || this.#hollow(asked, logs).length > 0;
  }

  /** Returns the blocks without logs whose bloom filters tell of some, or whose headers are not theirs. */
  #hollow({ headers }: Case, logs: readonly RawLog[]): readonly BlockHeader[] {
    const { proofs } = this.#options.chain;
    const told = new Set(logs.map(({ blockNumber }) => blockNumber));
    const empty = headers.filter(({ number }) => !told.has(number));
    return empty.filter((header) => this.#tells(header) || proofs.isFalse(header));
  }
}

/** Returns what two say alike: two endpoints, or one and the receipts. */
function pairIn({ receipts }: Case, heard: readonly Voice[]): Voice | null {
  const others = (index: number): readonly (readonly RawLog[])[] => [
    ...heard.slice(index + 1).map(({ logs }) => logs),
    ...(receipts === null ? [] : [receipts]),
  ];
  return heard.find(({ logs }, index) => others(index).some((other) => logsAlike(logs, other))) ?? null;
}

/** Says whether somebody is there who has not (yet) got what was asked for. */
function isLag(error: unknown): boolean {
  return error instanceof RpcError && error.class === 'lag';
}

function toCase(
  headers: readonly BlockHeader[],
  unproven: ReadonlyMap<string, readonly RawLog[]>,
  except: readonly string[],
): Case {
  const receipts = headers.map(({ hash }) => unproven.get(hash));
  const isComplete = receipts.every((logs) => logs !== undefined);
  return { headers, last: headers.at(-1) as BlockHeader, receipts: isComplete ? receipts.flat() : null, except };
}

function isOfNode(error: unknown): boolean {
  return isAnswer(error) || error instanceof ChainUnreachableError;
}

/** Says whether somebody is there, though this is not what was asked for. */
function isAnswer(error: unknown): boolean {
  return error instanceof RpcError || error instanceof Inconsistency;
}

function shown(voices: readonly Voice[]): string {
  return voices.map(({ endpoint, logs }) => `${endpoint} gives ${logs.length} logs`).join(', ');
}

/**
 * Asks for blocks by their hashes, or as a range, of which the last block's hash is looked at; each way where the other is
 * refused. Throws RpcError where both are, and where a block is not known by its hash: a range would hold nothing of it.
 */
async function tellOf(
  reader: LogReader,
  headers: readonly BlockHeader[],
  preferred: Way,
  signal: AbortSignal,
): Promise<BlocksAnswer> {
  const [first, last] = [headers[0], headers.at(-1)];
  if (first === undefined || last === undefined) return { logs: [], head: -1 };
  const asked = new Set(headers.map(({ number }) => number));
  const byHashes = (): Promise<BlocksAnswer> =>
    reader.readBlocksAndHead(
      headers.map(({ hash }) => hash),
      signal,
    );
  const asRange = async (): Promise<BlocksAnswer> => {
    const { logs, head } = await reader.readRangeAndHead(first.number, last, signal);
    return { logs: logs.filter(({ blockNumber }) => asked.has(blockNumber)), head };
  };
  const [way, other] = preferred === 'range' ? [asRange, byHashes] : [byHashes, asRange];
  try {
    return await way();
  } catch (error) {
    if (!(error instanceof RpcError) || (way === byHashes && isLag(error))) throw error;
    return await other();
  }
}
