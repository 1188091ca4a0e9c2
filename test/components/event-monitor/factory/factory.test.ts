import { expect } from 'chai';
import { ChainSimulator } from '../../../support/chain-simulator.js';
import type { SimCall } from '../../../support/chain-simulator.js';
import { extentOf } from '../../../support/extent.js';
import { MessageLedger } from '../../../support/message-ledger.js';
import { runMonitor } from '../../../support/monitor-run.js';
import type { MonitorRunOptions } from '../../../support/monitor-run.js';
import { rejectionOf } from '../../../support/rejection.js';
import { seededRandom } from '../../../support/seeded-random.js';
import { transferTopic } from '../../../support/simulated-chain.js';
import type { SimEvent } from '../../../support/simulated-chain.js';
import { address, emitted, factoryAddress, factoryConfig, made, nested, truthOf } from './factory-chain.js';

const child = (number: number): string => address(0xc000 + number);
const finalizedDistance = 20;
const schedules = extentOf({ sample: 8, full: 40, soak: 700 });

describe('an event monitor of a factory', () => {
  let node: ChainSimulator;
  let ledger: MessageLedger;
  let asked: SimCall[];

  beforeEach(async () => {
    asked = [];
    const fault = (calls: readonly SimCall[]): undefined => void asked.push(...calls);
    node = await ChainSimulator.start({ fault, sealed: true }, { finalizedDistance, receipts: 'rooted' });
    ledger = new MessageLedger();
  });
  afterEach(() => node.stop());

  const run = ({ config, ...options }: Partial<MonitorRunOptions> = {}): Promise<void> =>
    runMonitor({ urls: [node.url], ledger, ...options, config: { ...factoryConfig(), ...config } });
  /** Follows the head; `next` makes the chain grow when all of it is stored, false ends the run. */
  const follow = (next: () => boolean, options: Partial<MonitorRunOptions> = {}): Promise<void> =>
    run({
      ...options,
      config: { mode: 'realtime', ...options.config },
      moved: (_known, stop) => {
        const isWaiting = ledger.children.known?.children.some(({ earlier }) => earlier !== null) ?? true;
        if (ledger.checkpoint.blockHash === node.head.hash && !isWaiting && !next()) stop();
      },
    });
  const getLogs = (): number => asked.filter(({ method }) => method === 'eth_getLogs').length;

  it('reads what children emit in history: in the block of their announcement, before it and after it', async () => {
    node.mine(200, (number) => {
      if (number === 30) return [emitted(child(1), 30), made(child(1)), emitted(child(1), 31), emitted(child(9))];
      if (number === 90) return [made(child(2)), emitted(child(2)), made(child(1))];
      return [emitted(child(1)), emitted(child(2)), emitted(child(9))];
    });
    await run();
    expect(ledger.ids).to.deep.equal(truthOf(node));
    expect(ledger.ids).to.have.length.above(300);
  });

  it('takes only what the factory itself has said', async () => {
    node.mine(100, (number) =>
      number === 10 ? [made(child(1), child(5)), made(child(2))] : [emitted(child(1)), emitted(child(2))],
    );
    await run();
    expect(ledger.ids).to.deep.equal(truthOf(node));
    expect(ledger.children.known?.children.map((each) => each.address)).to.deep.equal([child(2)]);
  });

  it('finds children at the head, in one request a block, and their earlier history', async () => {
    node.mine(60, () => [emitted(child(1)), emitted(child(9))]);
    let blocks = 0;
    await follow(
      () => {
        if (blocks++ === 5) return false;
        const number = node.head.number + 1;
        node.mine(1, () => [
          emitted(child(1), number),
          ...(blocks === 3 ? [made(child(1)), emitted(child(1), 7)] : []),
        ]);
        return true;
      },
      { config: { startBlock: 1 } },
    );
    expect(ledger.ids).to.deep.equal(truthOf(node));
    expect(ledger.ids).to.have.length(60 + 5 + 1);
  });

  it('takes a child away with its whole history when its announcement is replaced, and brings it back', async () => {
    node.mine(60, () => [emitted(child(1))]);
    const steps = [
      () => node.mine(1, () => [made(child(1)), emitted(child(1))]),
      () => node.reorg(2, 3, () => [emitted(child(1))]),
      () => {
        expect(ledger.ids).to.deep.equal([]);
        node.reorg(1, 2, () => [emitted(child(1)), made(child(1))]);
      },
      () => node.mine(3, () => [emitted(child(1))]),
    ];
    await follow(
      () => {
        expect(ledger.ids).to.deep.equal(truthOf(node));
        const step = steps.shift();
        step?.();
        return step !== undefined;
      },
      { config: { startBlock: 1 } },
    );
    expect(ledger.ids).to.deep.equal(truthOf(node));
    expect(ledger.rollbacks).to.have.length(2);
  });

  it('knows children from before its own start, and reads from there on', async () => {
    node.mine(150, (number) =>
      number === 20 ? [made(child(1))] : number === 80 ? [made(child(2))] : [emitted(child(1)), emitted(child(2))],
    );
    await run({ config: { startBlock: 100 } });
    expect(ledger.ids).to.deep.equal(truthOf(node, { from: 100 }));
    expect(ledger.ids).to.have.length(102);
  });

  it('looks for announcements from the start block of the factory on, and reads the earlier history of those', async () => {
    node.mine(150, (number) =>
      number === 20 ? [made(child(1))] : number === 80 ? [made(child(2))] : [emitted(child(1)), emitted(child(2))],
    );
    await run({ config: factoryConfig({ startBlock: 50 }) });
    expect(ledger.ids).to.deep.equal(truthOf(node, { startBlock: 50 }));
    expect(ledger.ids).to.have.length(148);
  });

  it('keeps children from below its first block where that is replaced while the head goes on', async () => {
    node.mine(60, (number) => (number === 20 ? [made(child(1))] : [emitted(child(1))]));
    const steps = [() => node.reorg(2, 3, () => [emitted(child(1))]), () => node.mine(2, () => [emitted(child(1))])];
    await follow(
      () => {
        const step = steps.shift();
        step?.();
        return step !== undefined;
      },
      { config: { startBlock: 60 } },
    );
    expect(ledger.rollbacks.map(({ childrenUpTo }) => childrenUpTo)).to.deep.equal([-1]);
    expect(ledger.ids).to.deep.equal(truthOf(node, { from: 60 }));
    expect(ledger.ids).to.have.length(4);
  });

  it('takes back what was replaced before it reads earlier blocks of a child, and after it has begun to', async () => {
    node.mine(90, () => [emitted(child(1))]);
    await run({ config: { batchSize: 10 } });
    node.mine(1, () => [made(child(1))]);
    // Blocks 1 to 70 are settled: a run that ends behind those leaves what may yet be replaced.
    const stored: MonitorRunOptions['stored'] = (message, stop) =>
      message.kind === 'earlier' && message.toBlock >= 70 && stop();
    await run({ config: { batchSize: 10 }, stored });
    node.reorg(8, 12, (number) => [emitted(child(1)), ...(number === 90 ? [made(child(1))] : [])]);
    await follow(() => false);
    expect(ledger.ids).to.deep.equal(truthOf(node));
    expect(ledger.rollbacks).to.have.length(1);
  });

  it('follows nested factories', async () => {
    const [inner, other] = [address(0xf1), address(0xf2)];
    node.mine(100, (number) => {
      if (number === 30) return [made(child(1), inner), made(inner), made(child(2), inner)];
      if (number === 60) return [made(child(3), other), made(child(4), factoryAddress), made(child(5), inner)];
      return [1, 2, 3, 4, 5].map((each) => emitted(child(each)));
    });
    const config = factoryConfig(nested);
    await follow(
      () => {
        if (node.head.number > 104) return false;
        const isFirst = node.head.number === 100;
        node.mine(1, () => [
          emitted(child(6)),
          ...(isFirst ? [made(child(6), other), made(other), emitted(child(3))] : []),
        ]);
        return true;
      },
      { config: { ...config, startBlock: 1 } },
    );
    expect(ledger.ids).to.deep.equal(truthOf(node, { levels: 2 }));
    expect(ledger.children.known?.children.filter(({ level }) => level === 1)).to.have.length(5);
  });

  it('goes on where it was, and finds all anew with --fresh or another definition', async () => {
    node.mine(100, (number) => (number === 40 ? [made(child(1))] : [emitted(child(1)), emitted(child(2))]));
    await run();
    node.mine(60, (number) => (number === 130 ? [made(child(2))] : [emitted(child(1)), emitted(child(2))]));
    await run();
    expect(ledger.ids).to.deep.equal(truthOf(node));
    const before = getLogs();
    await run();
    expect(getLogs()).to.equal(before);
    await run({ run: { fresh: true } });
    expect(ledger.ids).to.deep.equal(truthOf(node));
    await run({ config: factoryConfig({ startBlock: 1 }) });
    expect(ledger.ids).to.deep.equal(truthOf(node));
  });

  it('reads all earlier blocks of a child behind a checkpoint whose hash nobody knows', async () => {
    node.mine(106, (number) => {
      if (number === 40) return [made(child(1))];
      return number === 10 || number === 46 ? [emitted(child(1))] : [];
    });
    await run({ config: { startBlock: 1, endBlock: 90 } });
    expect(ledger.ids).to.deep.equal(truthOf(node, { to: 90 }));
    ledger.rewind(30);
    await run({ config: { startBlock: 1, endBlock: 90 } });
    expect(ledger.ids).to.deep.equal(truthOf(node, { to: 90 }));
    expect(ledger.ids).to.have.length(2);
  });

  it('keeps the history of an earlier stretch where a reorganisation reaches below the first block of this one', async () => {
    node.mine(100, (number) => (number === 60 ? [made(child(1))] : [emitted(child(1))]));
    await run({ config: { startBlock: 1 } });
    const before = ledger.ids;
    node.mine(50, () => [emitted(child(1))]);
    ledger.mayJump = true;
    await run({ config: { startBlock: 1 }, run: { fromBlock: 150 } });
    node.reorg(2, 5, () => [emitted(child(1))]);
    await run({ config: { startBlock: 1 } });
    expect(ledger.ids.slice(0, before.length)).to.deep.equal(before);
    expect(ledger.ids.slice(before.length)).to.deep.equal(truthOf(node, { from: 150 }));
  });

  it('trusts no announcement that may have been replaced where it begins another stretch', async () => {
    node.mine(100, (number) => (number === 99 ? [made(child(9))] : [emitted(child(1)), emitted(child(9))]));
    await run({ config: { startBlock: 50 } });
    node.reorg(5, 10, (number) => (number === 99 ? [made(child(1))] : [emitted(child(1)), emitted(child(9))]));
    [ledger.mayJump, ledger.mayRepeat] = [true, true];
    await run({ config: { startBlock: 50 }, run: { fromBlock: 20 } });
    expect(ledger.ids).to.deep.equal(truthOf(node, { from: 20 }));
  });

  it('leaves what is stored as it is where a run that begins anew ends before its first blocks', async () => {
    node.mine(100, (number) => (number === 5 ? [made(child(2))] : [emitted(child(1)), emitted(child(2))]));
    await run({ config: { startBlock: 1, endBlock: 80 } });
    const known = ledger.children.known;
    node.mine(300, (number) => (number === 110 ? [made(child(1))] : [emitted(child(1)), emitted(child(2))]));
    asked = [];
    const end = (): void => {
      if (asked.some(({ params }) => JSON.stringify(params).includes(transferTopic))) throw new Error('ended');
    };
    const ending = await rejectionOf(run({ config: { startBlock: 1 }, run: { fresh: true }, moved: end }));
    expect(ending).to.have.property('message', 'ended');
    expect(ledger.children.known).to.deep.equal(known);
    await run({ config: { startBlock: 1 } });
    expect(ledger.ids).to.deep.equal(truthOf(node));
  });

  it('stores those of new blocks with what is found behind them, while it waits for its first block', async () => {
    node.mine(100, (number) => (number === 98 ? [made(child(1))] : [emitted(child(1))]));
    const waiting = { mode: 'realtime', startBlock: 400, finality: 'finalized' } as const;
    let heads = 0;
    await run({
      config: waiting,
      moved: (_known, stop) => {
        if (ledger.children.known === null) return;
        if (heads++ === 0) node.mine(200, () => [emitted(child(1))]);
        if (ledger.children.known.knownTo > 100) stop();
      },
    });
    node.mine(150, () => [emitted(child(1))]);
    await run({ config: { ...waiting, mode: 'historical', endBlock: 420 } });
    expect(ledger.ids).to.deep.equal(truthOf(node, { from: 400, to: 420 }));
  });

  it('reads what was left when a run was ended while it read earlier blocks', async () => {
    node.mine(100, () => [emitted(child(1))]);
    await run({ config: { batchSize: 10 } });
    node.mine(1, () => [made(child(1))]);
    for (let runs = 0; runs < 12; runs++)
      await run({ config: { batchSize: 10 }, stored: ({ kind }, stop) => kind === 'earlier' && stop() });
    expect(ledger.ids).to.deep.equal(truthOf(node));
  });

  it('has 1,000 children, in history and live: none missing, none foreign', async () => {
    const announce = (number: number): SimEvent[] =>
      Array.from({ length: 5 }, (_, at) => number * 5 + at).flatMap((each) => [
        emitted(child(each)),
        made(child(each)),
        emitted(child(each), 2),
      ]);
    const foreign = (number: number): SimEvent[] => [
      emitted(address(0xbad000 + number)),
      made(address(0xbad000 + number), address(0xbad)),
    ];
    node.mine(190, (number) => [...announce(number), ...foreign(number), emitted(child(number))]);
    await follow(
      () => {
        if (node.head.number >= 210) return false;
        node.mine(1, (number) => [...announce(number), ...foreign(number), emitted(child(number))]);
        return true;
      },
      { config: { startBlock: 1 } },
    );
    expect(ledger.ids).to.deep.equal(truthOf(node));
    expect(ledger.children.known?.children).to.have.length(210 * 5);
  });

  for (const receipts of ['rooted', 'none'] as const) {
    for (let seed = 1; seed <= schedules; seed++) {
      it(`tells the truth whatever happens (${receipts}, seed ${seed})`, async () => {
        node.traits.receipts = receipts;
        const random = seededRandom(seed);
        const upTo = (most: number): number => Math.floor(random() * most);
        const levels = 1 + (seed % 2);
        const events = (): SimEvent[] =>
          Array.from({ length: upTo(5) }, () => {
            const [a, b] = [child(upTo(12)), child(upTo(12))];
            const kind = upTo(8);
            return kind === 0 ? made(a) : kind === 1 ? made(a, b) : emitted(a, upTo(100));
          });
        node.mine(60, events);
        const config = { ...factoryConfig(levels === 2 ? nested : {}), startBlock: 1 + upTo(59), batchSize: 7 };
        let highest = 0;
        for (let runs = 0; runs < 6; runs++) {
          let steps = 4;
          await follow(
            () => {
              expect(ledger.ids).to.deep.equal(truthOf(node, { levels, from: config.startBlock }));
              if (steps-- === 0) return false;
              // Nothing that is final, or below the start, where there is nothing to compare.
              highest = Math.max(highest, node.head.number);
              const replaceable = node.head.number - Math.max(highest - finalizedDistance, config.startBlock);
              const depth = 1 + upTo(12);
              if (random() < 0.4 && depth < replaceable) node.reorg(depth, 1 + upTo(14), events);
              else node.mine(1 + upTo(20), events);
              return true;
            },
            { config, stored: (_message, stop) => random() < 0.1 && stop() },
          );
        }
        await follow(() => false, { config });
        expect(ledger.ids).to.deep.equal(truthOf(node, { levels, from: config.startBlock }));
      });
    }
  }
});
