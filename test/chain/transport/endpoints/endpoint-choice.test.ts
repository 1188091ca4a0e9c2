import { expect } from 'chai';
import type { ChainClient } from '../../../../src/chain/blocks/chain-client.js';
import { RpcError } from '../../../../src/chain/transport/errors/rpc-error.js';
import { ChainUnreachableError } from '../../../../src/runtime/errors.js';
import type { LogFields } from '../../../../src/runtime/logger.js';
import { FakeClock, settle } from '../../../support/fake-clock.js';
import { ScriptedEndpoint, openScripted } from './scripted-endpoints.js';
import { rangeLogs } from '../../../../src/chain/logs/log-calls.js';

const everything = { addresses: null, topics: null };
const never = (): AbortSignal => new AbortController().signal;

describe('the choice of an endpoint', () => {
  let clock: FakeClock;
  let first: ScriptedEndpoint;
  let second: ScriptedEndpoint;
  let client: ChainClient;

  /** Makes a call by the clock; returns who answered it, or its error. */
  const logs = async (from: number, to = from + 9): Promise<string | Error> => {
    const asked = rangeLogs(client, everything, { from, to }, never()).then(
      ({ endpoint }) => endpoint,
      (error: unknown) => error as Error,
    );
    await clock.advance(1_000);
    return await Promise.race([asked, settle().then(() => 'nobody')]);
  };
  const header = async (): Promise<void> => {
    const asked = client.header('latest', never()).catch(() => undefined);
    await clock.advance(1_000);
    await asked;
  };
  const share = async (endpoint: ScriptedEndpoint, calls: number, call: () => Promise<unknown>): Promise<number> => {
    const since = [first, second].map(({ asked }) => asked.length);
    for (let made = 0; made < calls; made++) await call();
    const [one = 0, two = 0] = [first, second].map(({ asked }, index) => asked.length - since[index]!);
    return (endpoint === first ? one : two) / (one + two);
  };

  beforeEach(async () => {
    clock = new FakeClock();
    [first, second] = [new ScriptedEndpoint('first', clock), new ScriptedEndpoint('second', clock)];
    client = openScripted([first, second], clock);
    await header();
  });
  afterEach(() => client.close());

  it('falls on the first one as long as none is clearly better, and stays there', async () => {
    [first.delayMs, second.delayMs] = [100, 80];
    expect(await share(first, 300, header)).to.be.greaterThan(0.95);
  });

  it('falls on the quicker one soon, and returns when that is slow', async () => {
    [first.delayMs, second.delayMs] = [300, 50];
    await share(first, 60, header);
    expect(await share(second, 100, header)).to.be.greaterThan(0.9);
    [first.delayMs, second.delayMs] = [50, 400];
    await share(first, 100, header);
    expect(await share(first, 100, header)).to.be.greaterThan(0.9);
  });

  it('falls on the one that is quicker at what is asked most', async () => {
    const slowLogs = (endpoint: ScriptedEndpoint, headMs: number, logsMs: number): void => {
      endpoint.receive = ({ methods }) => {
        endpoint.delayMs = methods.includes('eth_getLogs') ? logsMs : headMs;
        return 'answer';
      };
    };
    slowLogs(first, 10, 800);
    slowLogs(second, 40, 80);
    for (let from = 0; from < 60; from++) await logs(from);
    expect(await share(second, 50, () => logs(5))).to.be.greaterThan(0.9);
  });

  it('falls on the one that fails less, though it is slower', async () => {
    [first.delayMs, second.delayMs] = [50, 90];
    let requests = 0;
    first.receive = () => (++requests % 2 === 0 ? { status: 502 } : 'answer');
    await share(first, 100, header);
    expect(await share(second, 100, header)).to.be.greaterThan(0.85);
  });

  it('spares one that has just failed for five seconds, however quick it is', async () => {
    second.delayMs = 400;
    await share(first, 90, header);
    first.receive = () => ({ error: 'header not found' });
    expect(await logs(999_990)).to.be.instanceOf(RpcError);
    first.receive = () => 'answer';
    expect(await share(second, 4, header)).to.equal(1);
    await share(first, 10, header);
    expect(await share(first, 10, header)).to.equal(1);
  });

  it('can be understood by what the log says of each every five minutes', async () => {
    const lines: [string, LogFields | undefined][] = [];
    await client.close();
    client = openScripted([first, second], clock, {
      logger: { log: (_level, text, fields) => lines.push([text, fields]) },
    });
    second.chainId = 5;
    first.receive = ({ methods }) => (methods.includes('eth_getLogs') ? { error: 'invalid argument 0' } : 'answer');
    await logs(1, 1);
    for (let seconds = 0; seconds < 600; seconds++) await header();
    const told = lines.filter(([, fields]) => fields?.['event'] === 'rpc.health');
    expect(told).to.have.length(4);
    const [one, other] = told.slice(2).map(([, fields]) => fields);
    expect(one).to.include({
      name: 'first',
      state: 'closed',
      headMs: 10,
      inFlight: 0,
      maxInFlight: null,
      maxPerSecond: null,
    });
    expect(one?.['results']).to.deep.include({ 'invalid-request': 1 });
    expect(one?.['lastError']).to.contain('invalid argument');
    expect(other).to.include({ name: 'second', state: 'wrong chain', headMs: null });
    expect(told[0]?.[0]).to.match(/^endpoint first is closed: \{"headMs":10,/);
    expect(JSON.stringify(lines)).to.not.contain('secret');
  });

  it('costs a slow one no more than a look a minute', async () => {
    second.delayMs = 500;
    const before = second.asked.length;
    for (let seconds = 0; seconds < 600; seconds++) await header();
    expect(second.asked.length - before).to.be.within(8, 12);
  });

  describe('for old blocks', () => {
    const pruneBelow = (endpoint: ScriptedEndpoint, block: number, message: (from: number) => string): void => {
      endpoint.receive = (_arrival, calls) => {
        const { fromBlock } = (calls[1]?.params[0] ?? { fromBlock: '0xffffffff' }) as { fromBlock: string };
        return Number(fromBlock) < block ? { error: message(Number(fromBlock)) } : 'answer';
      };
    };

    it('falls on the one that has them, which is found out once where the other states where it begins', async () => {
      pruneBelow(first, 5_000, (from) => `height ${from} is not available, lowest height is 5000`);
      const before = first.asked.length;
      for (let from = 0; from < 5_000; from += 100) expect(await logs(from)).to.equal('second');
      expect(first.asked.length - before).to.be.at.most(2);
      expect(await logs(5_000)).to.equal('first');
    });

    it('is found out in a few requests where nobody states it', async () => {
      pruneBelow(first, 40_000, () => 'history has been pruned for this block');
      const before = first.asked.length;
      for (let from = 0; from < 40_000; from += 500) expect(await logs(from)).to.equal('second');
      expect(first.asked.length - before).to.be.within(3, 8);
      expect(await logs(70_000)).to.equal('first');
    });

    it('falls on the one that may not have them where the other fails, and ends where all refuse', async () => {
      pruneBelow(first, 5_000, () => 'history has been pruned for this block');
      expect(await logs(0)).to.equal('second');
      pruneBelow(first, 0, () => '');
      second.receive = () => ({ status: 503 });
      expect(await logs(1, 1)).to.equal('first');
      pruneBelow(first, 5_000, () => 'history has been pruned for this block');
      pruneBelow(second, 9_000, () => 'pruned history unavailable');
      const error = (await logs(2)) as ChainUnreachableError;
      expect(error).to.be.instanceOf(ChainUnreachableError);
      expect(error).to.include({ exitCode: 6 });
      expect(error.hint).to.contain('archive node');
    });

    it('asks the pruned one again after an hour, behind whose URL another node may stand', async () => {
      pruneBelow(first, 5_000, () => 'history has been pruned for this block');
      expect(await logs(0)).to.equal('second');
      pruneBelow(first, 0, () => '');
      expect(await logs(0)).to.equal('second');
      await clock.advance(3_700_000);
      expect(await logs(0)).to.equal('first');
    });

    it('takes nothing from new blocks that are missing', async () => {
      first.receive = ({ methods }) =>
        methods.includes('eth_getLogs') ? { error: 'receipts not available' } : 'answer';
      await logs(999_990, 999_995);
      first.receive = () => 'answer';
      second.receive = () => ({ status: 429, retryAfter: '30' });
      expect(await logs(500_000)).to.equal('first');
    });
  });

  it('has what others wait for leave before what begins: a range that failed before, and a block that was read', async () => {
    const one = openScripted([first], clock, { maxRequests: 1 });
    const head = one.header('latest', never());
    await clock.advance(1_000);
    await head;
    const before = first.asked.length;
    const asked = [
      one.header('latest', never()),
      rangeLogs(one, everything, { from: 1, to: 10 }, never()),
      rangeLogs(one, everything, { from: 11, to: 20, isAgain: true }, never()),
      one.header(7, never()),
    ];
    const numbers: unknown[] = [];
    first.receive = (_arrival, calls) => (numbers.push(calls[0]?.params[0]), 'answer');
    await clock.advance(1_000);
    await Promise.all(asked);
    await one.close();
    expect(first.asked.length - before).to.equal(4);
    expect(numbers.slice(-4)).to.deep.equal(['latest', '0x14', '0x7', '0xa']);
  });
});
