import { expect } from 'chai';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { Backend, Fault } from '../../support/chain-simulator.js';
import { MessageLedger } from '../../support/message-ledger.js';
import { runMonitor } from '../../support/monitor-run.js';
import { seededRandom } from '../../support/seeded-random.js';
import { extentOf } from '../../support/extent.js';

const schedules = Number(process.env['CHAOS_SCHEDULES'] ?? extentOf({ sample: 10, full: 40, soak: 40 }));
const firstSeed = Number(process.env['CHAOS_SEED'] ?? 1);

/** One seed's choices. */
class Chance {
  readonly #random: () => number;
  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }
  /** True with a probability. */
  of(probability: number): boolean {
    return this.#random() < probability;
  }
  /** A whole number from `from` to `to`. */
  between(from: number, to: number): number {
    return from + Math.floor(this.#random() * (to - from + 1));
  }
  oneOf<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)]!;
  }
}

const faults: readonly Fault[] = [
  { kind: 'status', status: 503 },
  { kind: 'status', status: 429, retryAfter: '2' },
  { kind: 'status', status: 502, body: '<html><title>502 Bad Gateway</title></html>' },
  { kind: 'truncate' },
  { kind: 'drop' },
  { kind: 'body', body: '[]' },
  { kind: 'body', body: '<html>Just a moment</html>' },
  { kind: 'error', error: { code: -32005, message: 'too many requests' } },
  { kind: 'error', error: { code: -32603, message: 'Internal error' } },
  { kind: 'call-error', method: 'eth_getLogs', error: { code: -32000, message: 'query timeout exceeded' } },
  { kind: 'call-error', method: 'eth_getLogs', error: { code: -32000, message: 'header not found' } },
  { kind: 'call-error', method: 'eth_getLogs', error: { code: 77, message: 'the moon is in the wrong house' } },
  { kind: 'call-error', method: 'eth_getBlockByNumber', error: { code: -32603, message: 'service unavailable' } },
];

/** A node with traits of its own, whose faults end when `calm` is set. */
async function startNode(chance: Chance): Promise<{ node: ChainSimulator; calm: () => void }> {
  const faultRate = chance.oneOf([0, 0.05, 0.25]);
  const lagRate = chance.oneOf([0, 0.2, 0.5]);
  let calm = false;
  const fault = (): Fault | undefined => (!calm && chance.of(faultRate) ? chance.oneOf(faults) : undefined);
  const backend = (): Backend => {
    if (calm || !chance.of(lagRate)) return {};
    return { behind: chance.between(0, 4), logsBehind: chance.between(0, 3), beforeReorg: chance.of(0.3) };
  };
  const batches = chance.oneOf(['any', 'any', 'none', 7] as const);
  const node = await ChainSimulator.start(
    { fault, backend, batches },
    {
      finalizedDistance: chance.oneOf([12, 25, 40]),
      maxRange: chance.oneOf([Number.POSITIVE_INFINITY, 30, 3]),
      maxResults: chance.oneOf([Number.POSITIVE_INFINITY, 20]),
      logTimestamps: chance.oneOf(['none', 'real', 'zero']),
      repeats: chance.of(0.3),
      beyondHead: chance.oneOf(['silent', 'error']),
    },
  );
  return { node, calm: () => (calm = true) };
}

/** Lets the chain do something: mostly it grows, sometimes it changes its mind. */
function act(node: ChainSimulator, chance: Chance): void {
  const events = (): Record<string, never>[] => Array.from({ length: chance.oneOf([0, 0, 1, 3]) }, () => ({}));
  if (chance.of(0.6)) node.mine(chance.between(1, 4), events);
  // Only the blocks that no node has called final may be replaced.
  else if (chance.of(0.4)) node.reorg(Math.min(node.head.number, chance.between(1, 8)), chance.between(8, 12), events);
}

async function survive(seed: number): Promise<void> {
  const chance = new Chance(seed);
  const { node, calm } = await startNode(chance);
  const ledger = new MessageLedger();
  const { length: prehistory } = Array.from({ length: chance.between(5, 150) });
  node.mine(prehistory, () => Array.from({ length: chance.oneOf([0, 1, 4]) }, () => ({})));
  let actions = chance.between(20, 60);
  const restartRate = chance.oneOf([0, 0.05]);
  const batchSize = chance.oneOf([5, 40, 1_000]);
  const startBlock = chance.oneOf([0, 1, prehistory - 3]);
  try {
    while (ledger.checkpoint.blockHash !== node.head.hash || actions > 0) {
      await runMonitor({
        urls: [node.url],
        ledger,
        config: { mode: 'realtime', startBlock, batchSize },
        // Where every call is a request of its own, a quarter of faults fails ten tries in a row now and then.
        client: { attempts: 40 },
        moved: (_known, stop) => {
          if (actions > 0 && chance.of(0.3)) {
            act(node, chance);
            if (--actions === 0) calm();
          }
          if (actions === 0 ? ledger.checkpoint.blockHash === node.head.hash : chance.of(restartRate)) stop();
        },
      });
    }
    const truth = node.canonicalLogs(startBlock).map((log) => `${log.blockHash}:${Number(log.logIndex)}`);
    expect(ledger.ids).to.deep.equal(truth);
    expect(ledger.rows.every((row) => row.timestamp === 1_700_000_000 + row.blockNumber * 12)).to.equal(true);
  } finally {
    await node.stop();
  }
}

describe('the event monitor under random faults, lags, reorganisations and restarts', () => {
  for (let seed = firstSeed; seed < firstSeed + schedules; seed += 10) {
    const last = Math.min(seed + 9, firstSeed + schedules - 1);
    it(`ends with exactly the chain's events (seeds ${seed} to ${last})`, async function () {
      // It computes: beside all other tests it takes ten times as long as alone.
      this.timeout(240_000);
      for (let each = seed; each <= last; each++) {
        await survive(each).catch((error: unknown) => {
          throw new Error(`seed ${each}: ${String(error)}`, { cause: error });
        });
      }
    });
  }
});
