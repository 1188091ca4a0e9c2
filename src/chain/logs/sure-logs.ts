import { areNumbered } from '../blocks/proofs.js';
import type { BlockReceipts } from '../blocks/proofs.js';
import type { BlockHeader } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
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

/** How many blocks' receipts are asked for at once. */
const together = 8;
/** For how long a node may lack the receipts of a block that it has, in milliseconds: asked again after so long each time. */
const waitsMs = [50, 100, 200, 400, 800, 1_500];

/**
 * Reads the logs of new blocks so that they are beyond doubt: their receipts give the root in the header; or, where there are
 * none, two answers agree.
 */
export class SureLogs {
  readonly #options: SureLogsOptions;
  readonly #isWanted: (log: RawLog) => boolean;
  readonly #agreed: AgreedLogs;

  constructor(options: SureLogsOptions) {
    this.#options = options;
    this.#isWanted = matcherOf(options.filter);
    this.#agreed = new AgreedLogs(options);
  }

  /** Returns the wanted logs of blocks; throws Inconsistency where nothing proves them in time, RpcError as LogReader does. */
  async read(headers: readonly BlockHeader[], call: Call): Promise<readonly RawLog[]> {
    const told: Told = { proven: new Map(), unproven: new Map() };
    await this.#byReceipts(headers, told, call);
    const logs = [...told.proven.values()].flat();
    const rest = headers.filter(({ hash }) => !told.proven.has(hash));
    // Together: what can only be said again after a pause shall not wait for one pause after the other.
    if (rest.length > 0) logs.push(...(await this.#agreed.read(rest, told.unproven, call)));
    return logs;
  }

  /** Asks for receipts, again for a while where the node is not done with them; throws Inconsistency where they stay false. */
  async #byReceipts(headers: readonly BlockHeader[], told: Told, call: Call): Promise<void> {
    for (let waited = 0, left = headers; ; waited++) {
      const complaints: string[] = [];
      const asked = await this.#ask(left, told, complaints, call);
      if (asked === null || asked.length === 0) return;
      left = asked;
      const waitMs = waitsMs[waited];
      if (waitMs !== undefined) await this.#options.clock.sleep(waitMs, call.signal);
      else if (complaints.length === 0) return;
      else throw new Inconsistency(complaints.join('; '));
    }
  }

  /** Asks for the receipts of blocks once; returns those that must be asked for again, null where no endpoint gives receipts. */
  async #ask(
    headers: readonly BlockHeader[],
    told: Told,
    complaints: string[],
    call: Call,
  ): Promise<readonly BlockHeader[] | null> {
    const left: BlockHeader[] = [];
    for (let at = 0; at < headers.length; at += together) {
      const some = headers.slice(at, at + together);
      const hashes = some.map(({ hash }) => hash);
      const receipts = await this.#options.chain.receiptsOfBlocks(hashes, call.signal);
      if (receipts === null) return null;
      await call.moved();
      const again = some.filter((header, index) => !this.#judge(receipts[index] ?? null, header, told, complaints));
      if (again.length > 0) this.#options.chain.doubtReceipts(hashes);
      left.push(...again);
    }
    return left;
  }

  /** Says whether there is nothing more to ask for. */
  #judge(receipts: BlockReceipts | null, header: BlockHeader, told: Told, complaints: string[]): boolean {
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
    const complaint = `the receipts that ${endpoint} gives for block ${header.number} do not give the root in its header`;
    complaints.push(complaint);
    const fields = { event: 'rpc.incomplete', host: endpoint, from: header.number, to: header.number };
    logger.log('warn', complaint, fields);
    return false;
  }
}
