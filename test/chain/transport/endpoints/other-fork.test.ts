import { expect } from 'chai';
import type { ChainClient } from '../../../../src/chain/blocks/chain-client.js';
import type { ObserveChain } from '../../../../src/chain/transport/rpc/chain-notice.js';
import type { BlockRef } from '../../../../src/model/block.js';
import { ChainMismatchError, ChainUnreachableError } from '../../../../src/runtime/errors.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryLogger } from '../../../support/memory-logger.js';
import { rejectionOf } from '../../../support/rejection.js';
import { ScriptedEndpoint, openScripted } from './scripted-endpoints.js';

const stop = new AbortController().signal;
const number = 999_000;

/** The block as it is on a fork. */
function blockOn(fork: string): BlockRef {
  return { number, hash: `0x${number.toString(16).padStart(64, fork)}` };
}

describe('an endpoint on another fork of the chain', () => {
  let clock: FakeClock;
  let logger: MemoryLogger;
  let good: ScriptedEndpoint;
  let astray: ScriptedEndpoint;
  let third: ScriptedEndpoint;
  let client: ChainClient;
  /** Which endpoints were said to be up, or down. */
  let seen: string[];

  const open = (...endpoints: readonly ScriptedEndpoint[]): void => {
    const observe: ObserveChain = (event) => {
      if (event.kind === 'endpoint') seen.push(`${event.endpoint} ${event.isUp ? 'up' : 'down'}`);
    };
    client = openScripted(endpoints, clock, { logger, observe, attempts: 3, outageAttempts: 3 });
  };
  /** Lets the time pass until something is over. */
  const played = async <T>(work: Promise<T>): Promise<T> => {
    let isOver = false;
    const over = (): void => void (isOver = true);
    work.then(over, over);
    while (!isOver) await clock.advance(500);
    return work;
  };
  const whoHas = (fork: string): ReturnType<ChainClient['whoHas']> => played(client.whoHas(blockOn(fork), stop));
  const header = (): Promise<string | undefined> => played(client.header(number, stop).then((found) => found?.hash));
  const stateOf = (name: string): string | undefined => client.health().find((each) => each.name === name)?.state;

  beforeEach(() => {
    clock = new FakeClock();
    logger = new MemoryLogger();
    [good, astray] = [new ScriptedEndpoint('good', clock), new ScriptedEndpoint('astray', clock)];
    third = new ScriptedEndpoint('third', clock);
    astray.fork = '1';
    seen = [];
    open(astray, good, third);
  });
  afterEach(() => client.close());

  it('is put aside for ten minutes where others have the block, whatever becomes of these', async () => {
    expect(await header()).to.equal(blockOn('1').hash);
    expect(await whoHas('0')).to.deep.equal({ have: ['good', 'third'], lack: ['astray'], silent: [] });
    expect(logger.messages('warn')).to.deep.equal([
      `the endpoints disagree: good, third have block ${number} (${blockOn('0').hash}), astray has another one: ` +
        'astray is put aside for 10 min',
    ]);
    expect(stateOf('astray')).to.equal('wrong chain');
    expect(seen.at(-1)).to.equal('astray down');
    expect(client.reachable).to.deep.equal(['good', 'third']);
    expect(await header()).to.equal(blockOn('0').hash);
    const before = astray.arrivals.length;
    for (const endpoint of [good, third]) endpoint.receive = () => 'refused connection';
    await rejectionOf(header(), ChainUnreachableError);
    expect(astray.arrivals).to.have.length(before);
    await clock.advance(600_000);
    expect(await header()).to.equal(blockOn('1').hash);
  });

  it('is said to be up again once the ten minutes are over, though nobody asks it', async () => {
    await whoHas('0');
    await clock.advance(599_000);
    client.health();
    expect(seen.at(-1)).to.equal('astray down');
    await clock.advance(1_000);
    client.health();
    expect(seen.at(-1)).to.equal('astray up');
  });

  it('is asked after the others from then on', async () => {
    await whoHas('0');
    await clock.advance(600_000);
    expect(await header()).to.equal(blockOn('0').hash);
  });

  it('is not put aside where more are there than have the block, and that is told once', async () => {
    third.fork = '1';
    for (let times = 0; times < 3; times++) {
      expect(await whoHas('0')).to.deep.equal({ have: ['good'], lack: ['astray', 'third'], silent: [] });
    }
    expect(logger.messages('warn')).to.have.length(1);
    expect(client.reachable).to.have.length(3);
  });

  it('is asked all the same who has a block, and the other one put aside where that has been read on this fork', async () => {
    open(astray, good);
    await whoHas('0');
    expect(await whoHas('1')).to.deep.equal({ have: ['astray'], lack: ['good'], silent: [] });
    expect(['astray', 'good'].map(stateOf)).to.deep.equal(['closed', 'wrong chain']);
    // Two may ask at the same time: somebody is left to be asked.
    await Promise.all([whoHas('0'), whoHas('1')]);
    expect(['astray', 'good'].map(stateOf)).to.include('closed');
  });

  it('is told from one that does not answer, one that lags, and one that serves another chain', async () => {
    open(astray, good, third);
    good.receive = () => ({ status: 503 });
    third.head = number - 1;
    expect(await whoHas('0')).to.deep.equal({ have: [], lack: ['astray'], silent: ['good', 'third'] });
    third.chainId = 5;
    await played(client.askForChain(stop));
    expect(await whoHas('0')).to.deep.equal({ have: [], lack: ['astray'], silent: ['good'] });
    expect(logger.messages('warn')).to.deep.equal([]);
  });

  it('is waited for though it is slow', async () => {
    good.delayMs = 3_500;
    expect(await whoHas('0')).to.deep.equal({ have: ['good', 'third'], lack: ['astray'], silent: [] });
  });

  it('is not named as one of another chain where the others are', async () => {
    open(astray, good);
    await whoHas('0');
    good.chainId = 5;
    const error = await rejectionOf(played(client.askForChain(stop)), ChainMismatchError);
    expect((error as Error).message).to.equal('expected chain 31337, but good serves chain 5');
  });
});
