import { areNumbered } from '../blocks/proofs.js';
import type { BlockReceipts } from '../blocks/proofs.js';
import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { chunks } from '../../runtime/chunks.js';
import { AgreedLogs } from './agreed-logs.js';
import type { SureLogsOptions } from './agreed-logs.js';
import { Inconsistency } from '../blocks/consistency.js';
import { matcherOf } from '../blocks/log-filter.js';
import type { Call } from '../../runtime/call.js';

/** What receipts told: wanted logs that are proven, and others that can't be on this chain, by the hashes of their blocks. */
interface Told {
  readonly proven: Map<string, readonly RawLog[]>;
  readonly unproven: Map<string, readonly RawLog[]>;
}

/** What false receipts say. */
interface Complaint {
  readonly endpoint: string;
  readonly text: string;
  /** The wanted logs of the block that they hold. */
  readonly logs: readonly RawLog[];
}

/** How many blocks' receipts are asked for at once. */
const together = 8;
/** For how long a node may lack the receipts of a block that it has, in milliseconds: asked again after so long each time. */
const waitsMs = [50, 100, 200, 400, 800, 1_500];
/** For how long an endpoint is not asked, as long as others are there, whose receipts stayed false, in milliseconds. */
const falseForMs = 60_000;
/** How many complaints are remembered: each is told once, however often the block is asked for. */
const mostTold = 1_000;

/**
 * Reads the logs of new blocks so that they are beyond doubt: their receipts give the root in the header; or, where there are
 * none, two answers agree.
 */
export class SureLogs {
  readonly #options: SureLogsOptions;
  readonly #isWanted: (log: RawLog) => boolean;
  readonly #agreed: AgreedLogs;
  /** Until when endpoints are not asked whose receipts stayed false, by their names. */
  readonly #falseUntil = new Map<string, number>();
  /** The complaints that were told. */
  readonly #told = new Set<string>();

  constructor(options: SureLogsOptions) {
    this.#options = options;
    this.#isWanted = matcherOf(options.filter);
    this.#agreed = new AgreedLogs(options);
  }

  /** Returns the wanted logs of blocks; throws Inconsistency where nothing proves them in time, RpcError as LogReader does. */
  async read(headers: readonly BlockHeader[], call: Call): Promise<readonly RawLog[]> {
    const told: Told = { proven: new Map(), unproven: new Map() };
    const complaints = await this.#byReceipts(headers, told, call);
    const logs = [...told.proven.values()].flat();
    const rest = headers.filter(({ hash }) => !told.proven.has(hash));
    if (rest.length === 0) return logs;
    // Together: what can only be said again after a pause shall not wait for one pause after the other.
    const agreed = await this.#agreed.read(rest, told.unproven, this.#notAsked(), call);
    // False receipts mostly lack logs: those that they hold are no invention.
    const lacking = complaints.find((complaint) => complaint.logs.some((log) => !agreed.some((it) => isSame(it, log))));
    if (lacking !== undefined) throw new Inconsistency(`${lacking.text}, and hold logs of which nobody else tells`);
    return [...logs, ...agreed];
  }

  /**
   * Asks for receipts, again for a while where the node is not done with them; returns how they stayed false. Throws Inconsistency
   * where they did, and nobody else is there.
   */
  async #byReceipts(headers: readonly BlockHeader[], told: Told, call: Call): Promise<readonly Complaint[]> {
    for (let waited = 0, left = headers; ; waited++) {
      const complaints: Complaint[] = [];
      const asked = await this.#ask(left, told, complaints, call);
      if (asked === null || asked.length === 0) return [];
      left = asked;
      const waitMs = waitsMs[waited];
      if (waitMs !== undefined) {
        await this.#options.clock.sleep(waitMs, call.signal);
        continue;
      }
      const { chain } = this.#options;
      for (const { endpoint } of complaints) this.#falseUntil.set(endpoint, chain.now() + falseForMs);
      const [first, ...others] = complaints;
      if (first !== undefined && this.#notAsked().length === 0)
        throw new Inconsistency(
          others.length === 0 ? first.text : `${first.text}, nor do those of ${others.length} more`,
        );
      return complaints;
    }
  }

  /** Returns the endpoints that are left alone for their false receipts; none where nobody else is there. */
  #notAsked(): readonly string[] {
    const { chain } = this.#options;
    const isFalse = (name: string): boolean => (this.#falseUntil.get(name) ?? chain.now()) > chain.now();
    return chain.reachable.every(isFalse) ? [] : chain.endpoints.filter(isFalse);
  }

  /** Asks for the receipts of blocks once; returns those that must be asked for again, null where no endpoint gives receipts. */
  async #ask(
    headers: readonly BlockHeader[],
    told: Told,
    complaints: Complaint[],
    call: Call,
  ): Promise<readonly BlockHeader[] | null> {
    const except = this.#notAsked();
    const chain = except.length === 0 ? this.#options.chain : this.#options.chain.via({ except });
    const left: BlockHeader[] = [];
    for (const some of chunks(headers, together)) {
      const hashes = some.map(({ hash }) => hash);
      const receipts = await chain.receiptsOfBlocks(hashes, call.signal);
      if (receipts === null) return null;
      await call.moved();
      const again = some.filter((header, index) => !this.#judge(receipts[index] ?? null, header, told, complaints));
      if (again.length > 0) chain.doubtReceipts(hashes);
      left.push(...again);
    }
    return left;
  }

  /** Says whether there is nothing more to ask for. */
  #judge(receipts: BlockReceipts | null, header: BlockHeader, told: Told, complaints: Complaint[]): boolean {
    if (receipts === null) return false;
    const { chain, logger } = this.#options;
    const verdict = chain.proofs.ofReceipts(receipts, header);
    const wanted = receipts.logs.filter(this.#isWanted);
    if (verdict === 'proven') told.proven.set(header.hash, wanted);
    if (verdict === 'unproven' && receipts.count > 0 && areNumbered(receipts.logs))
      told.unproven.set(header.hash, wanted);
    if (verdict === 'proven' || verdict === 'unproven') return true;
    const { endpoint } = receipts;
    chain.passOver(endpoint);
    if (verdict === 'late') return false;
    chain.caught.add(endpoint);
    const text = `the receipts that ${endpoint} gives for block ${header.number} do not give the root in its header`;
    complaints.push({ endpoint, text, logs: wanted.filter(({ blockHash }) => blockHash === header.hash) });
    if (this.#told.has(text)) return false;
    if (this.#told.size >= mostTold) this.#told.clear();
    this.#told.add(text);
    const fields = { event: 'rpc.incomplete', host: endpoint, from: header.number, to: header.number };
    logger.log('warn', text, fields);
    return false;
  }
}

function isSame(one: RawLog, other: RawLog): boolean {
  return one.blockHash === other.blockHash && one.logIndex === other.logIndex;
}
