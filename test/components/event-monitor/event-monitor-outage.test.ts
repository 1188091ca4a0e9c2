import { expect } from 'chai';
import { ChainSimulator } from '../../support/chain-simulator.js';
import type { Fault } from '../../support/chain-simulator.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { MessageLedger } from '../../support/message-ledger.js';
import { runMonitor } from '../../support/monitor-run.js';

const outageMs = 300_000;

describe('the event monitor in an outage of all endpoints', () => {
  let nodes: ChainSimulator[];
  let clock: HastyClock;
  let ledger: MessageLedger;

  beforeEach(async () => {
    clock = new HastyClock();
    ledger = new MessageLedger();
    nodes = [await ChainSimulator.start(), await ChainSimulator.start()];
    // Two nodes of one chain.
    for (const node of nodes) node.mine(400, () => [{}, {}]);
  });
  afterEach(() => Promise.all(nodes.map((node) => node.stop())));

  const outages: Record<string, Fault> = {
    'breaks every connection': { kind: 'drop' },
    'answers with 503': { kind: 'status', status: 503 },
    'sends a page for an answer': { kind: 'status', status: 502, body: '<html>Bad Gateway</html>' },
    'asks for fewer requests': { kind: 'status', status: 429 },
    'has troubles of its own': { kind: 'error', error: { code: -32_603, message: 'service temporarily unavailable' } },
  };
  for (const [what, fault] of Object.entries(outages)) {
    for (const mode of ['historical', 'realtime'] as const) {
      it(`that ${what} tells no progress, and goes on soon after its end (${mode})`, async () => {
        let endsAt = Number.POSITIVE_INFINITY;
        const movedAt: number[] = [];
        await runMonitor({
          urls: nodes.map((node) => node.url),
          ledger,
          config: { mode, batchSize: 20, endBlock: mode === 'historical' ? 400 : null },
          context: { clock },
          moved: ({ nextBlock } = {}, stop) => {
            movedAt.push(clock.sleptMs);
            if (endsAt === Number.POSITIVE_INFINITY && (nextBlock ?? 0) > 100) {
              endsAt = clock.sleptMs + outageMs;
              for (const node of nodes) node.options = { fault: () => (clock.sleptMs < endsAt ? fault : undefined) };
            }
            if (mode === 'realtime' && (nextBlock ?? 0) > 400) stop();
          },
        });
        const beforeEnd = movedAt.filter((at) => at < endsAt - 100).at(-1) ?? 0;
        // What was answered before it began is still told.
        expect(beforeEnd).to.be.at.most(endsAt - outageMs + 1_000);
        // This clock may jump while the last refusal is on its way: once more than the 8 s that calls wait at most.
        expect(movedAt.find((at) => at >= endsAt)! - endsAt).to.be.lessThan(17_000);
        const truth = nodes[0]!.canonicalLogs(1, 400).map((log) => `${log.blockHash}:${Number(log.logIndex)}`);
        expect(ledger.ids).to.deep.equal(truth);
      });
    }
  }
});
