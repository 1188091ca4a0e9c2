import { expect } from 'chai';
import fc from 'fast-check';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { extentOf } from '../../support/extent.js';
import { MessageLedger } from '../../support/message-ledger.js';
import { runMonitor } from '../../support/monitor-run.js';
import { portalOf } from '../../support/portal-of-chain.js';
import { PortalServer } from '../../support/portal-server.js';
import type { Line, PortalFault } from '../../support/portal-server.js';
import { seededRandom } from '../../support/seeded-random.js';
import { transferOf } from '../../support/simulated-chain.js';
import { within } from '../../support/within.js';

/** How many schedules are played. */
const schedules = extentOf({ sample: 15, full: 150, soak: 10_000 });

const strange = `0x${'5'.repeat(64)}`;
const ofLines = (change: (lines: Line[]) => readonly (Line | string)[]): PortalFault => ({ kind: 'lines', change });
const withLogs = (lines: Line[], change: (logs: NonNullable<Line['logs']>) => Line['logs']): Line[] =>
  lines.map((line) =>
    (line.logs?.length ?? 0) < 2 ? line : { header: line.header, logs: change(line.logs ?? []) ?? [] },
  );

/** What may go wrong with one stream; what can be told from the answer itself is, without a node to ask. */
const faults: Readonly<Record<string, PortalFault>> = {
  'too many requests': { kind: 'status', status: 429 },
  'too many requests, with a time': { kind: 'status', status: 429, retryAfter: '3' },
  'no room': { kind: 'status', status: 503, retryAfter: '1' },
  'a failure': { kind: 'status', status: 500, body: '<html>Internal Server Error</html>' },
  'a gateway': { kind: 'status', status: 502 },
  'a fork': { kind: 'status', status: 409, body: JSON.stringify({ previousBlocks: [{ number: 1, hash: strange }] }) },
  'no connection': { kind: 'drop' },
  nothing: { kind: 'nothing' },
  'cut early': { kind: 'cut', share: 0.1 },
  'cut late': { kind: 'cut', share: 0.9 },
  'cut at the end': { kind: 'cut', share: 0.999 },
  'ended early': { kind: 'early', blocks: 3 },
  'ended behind its first block': { kind: 'early', blocks: 1 },
  'not packed': { kind: 'plain' },
  empty: ofLines(() => []),
  'no JSON': ofLines((lines) => [...lines.slice(0, 2), '{"header":{"number":', ...lines.slice(2)]),
  'a page': ofLines(() => ['<html>Just a moment</html>']),
  'an error in the stream': ofLines((lines) => [...lines.slice(0, 1), '{"error":"worker failed"}']),
  'no header': ofLines(() => ['{"logs":[]}']),
  'the first block missing': ofLines((lines) => lines.slice(1)),
  'another parent': ofLines((lines) =>
    lines.map((line, at) => (at === 1 ? { ...line, header: { ...line.header, parentHash: strange } } : line)),
  ),
  'another parent of the first block': ofLines((lines) =>
    lines.map((line, at) => (at === 0 ? { ...line, header: { ...line.header, parentHash: strange } } : line)),
  ),
  'blocks that come twice': ofLines((lines) => lines.flatMap((line) => [line, line])),
  'blocks backwards': ofLines((lines) => [...lines].reverse()),
  'a block behind the range': ofLines((lines) => [
    ...lines,
    { header: { ...lines.at(-1)!.header, number: lines.at(-1)!.header.number + 1_000_000 } },
  ]),
  'a log of another contract': ofLines((lines) =>
    withLogs(lines, (logs) => [...logs.slice(0, -1), { ...logs.at(-1)!, address: `0x${'7'.repeat(40)}` }]),
  ),
  'a log of another event': ofLines((lines) =>
    withLogs(lines, (logs) => [...logs.slice(0, -1), { ...logs.at(-1)!, topics: [strange] }]),
  ),
  'logs backwards': ofLines((lines) => withLogs(lines, (logs) => [...logs].reverse())),
  'logs twice': ofLines((lines) => withLogs(lines, (logs) => [...logs, ...logs])),
  'a log without its transaction': ofLines((lines) =>
    withLogs(lines, (logs) => logs.map((each) => ({ ...each, transactionHash: '' }))),
  ),
  'a number that is none': ofLines((lines) =>
    withLogs(lines, (logs) => logs.map((each) => ({ ...each, logIndex: -1 }))),
  ),
  'a bomb of one line': { kind: 'bomb', text: '{"header":{"number":', bytes: 3 * 2 ** 20 },
  'a bomb of no line': { kind: 'bomb', text: '', bytes: 2 ** 20 },
};
const names = Object.keys(faults);

interface Schedule {
  readonly seed: number;
  /** How often a stream goes wrong. */
  readonly rate: number;
  readonly kinds: readonly string[];
  readonly blocks: number;
  readonly batchSize: number;
  readonly mostBlocks: number | undefined;
  readonly withNode: boolean;
  readonly restartRate: number;
}

const schedule: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat(),
  rate: fc.constantFrom(0.05, 0.2, 0.4),
  kinds: fc.subarray(names, { minLength: 1 }),
  blocks: fc.integer({ min: 5, max: 300 }),
  batchSize: fc.constantFrom(1, 7, 40, 2_000),
  mostBlocks: fc.constantFrom(undefined, undefined, 2, 25),
  withNode: fc.boolean(),
  restartRate: fc.constantFrom(0, 0, 0.05),
});

/** Plays a history until it is read: the faults of a portal may cost time, and never an event. */
async function play({
  seed,
  rate,
  kinds,
  blocks,
  batchSize,
  mostBlocks,
  withNode,
  restartRate,
}: Schedule): Promise<void> {
  const random = seededRandom(seed);
  const node = await ChainSimulator.start({ sealed: true }, { finalizedDistance: 5 });
  node.mine(blocks, () =>
    Array.from({ length: Math.floor(random() * 5) }, () => transferOf(Math.floor(random() * 1e6))),
  );
  const data = portalOf(node, 5);
  const fault = (): PortalFault | undefined =>
    random() < rate ? faults[kinds[Math.floor(random() * kinds.length)] ?? ''] : undefined;
  const portal = await PortalServer.start({ data, fault, ...(mostBlocks === undefined ? {} : { mostBlocks }) });
  const ledger = new MessageLedger();
  const last = withNode ? blocks : blocks - 5;
  try {
    for (let runs = 0; (ledger.checkpoint.blockNumber ?? -1) < last; runs++) {
      // Six wrong answers in a row end a run: whoever keeps it running starts another.
      expect(runs, 'runs that were needed').to.be.lessThan(200);
      await runMonitor({
        ...{ urls: withNode ? [node.url] : [], portalUrl: portal.url, ledger },
        config: { startBlock: 0, endBlock: last, batchSize, portalDataset: 'local-31337' },
        moved: (_known, stop) => (random() < restartRate ? stop() : undefined),
      }).catch((error: unknown) => {
        if ((error as { code?: string }).code !== 'PORTAL_UNREACHABLE' && !String(error).includes('NodeLags'))
          throw error;
      });
    }
    const truth = node.canonicalLogs(0, last).map((each) => `${each.blockHash}:${Number(each.logIndex)}`);
    expect(ledger.ids).to.deep.equal(truth);
    expect(ledger.rows.every((row) => row.timestamp === 1_700_000_000 + row.blockNumber * 12)).to.equal(true);
  } finally {
    await Promise.all([node.stop(), portal.stop()]);
  }
}

describe('history from a portal under faults', () => {
  it(`ends with exactly the chain's events, in ${schedules} schedules`, async function () {
    this.timeout(schedules * 5_000 + 60_000);
    const property = fc.asyncProperty(schedule, (each) => within(60_000, play(each), () => 'a schedule hangs'));
    await fc.assert(property, { numRuns: schedules, seed: 42 });
  });

  for (const name of names) {
    it(`survives: ${name}`, async () => {
      let streams = 0;
      const node = await ChainSimulator.start();
      node.mine(100, () => [{}, {}, {}]);
      const portal = await PortalServer.start({
        data: portalOf(node, 0),
        fault: (asked) => {
          if (asked.logs === undefined) return undefined;
          streams += 1;
          return streams === 2 ? faults[name] : undefined;
        },
      });
      const ledger = new MessageLedger();
      await runMonitor({
        ...{ urls: [], portalUrl: portal.url, ledger },
        config: { startBlock: 0, batchSize: 20, portalDataset: 'local-31337' },
      }).finally(() => Promise.all([node.stop(), portal.stop()]));
      expect(streams).to.be.at.least(2);
      expect(ledger.ids).to.deep.equal(
        node.canonicalLogs(0, 100).map((each) => `${each.blockHash}:${Number(each.logIndex)}`),
      );
    });
  }
});
