import { expect } from 'chai';
import { ChainClient } from '../../../../src/chain/blocks/chain-client.js';
import { LogSource } from '../../../../src/chain/logs/log-source.js';
import { quietCall } from '../../../../src/runtime/call.js';
import { ChainUnreachableError } from '../../../../src/runtime/errors.js';
import { silentLogger } from '../../../../src/runtime/logger.js';
import { ChainSimulator } from '../../../support/chain-simulator.js';
import type { Fault, SimCall } from '../../../support/chain-simulator.js';
import { readRpcErrors, withCorpus } from '../../../support/corpus.js';
import { HastyClock } from '../../../support/hasty-clock.js';
import { providerErrors } from './provider-errors.js';
import { rpcErrorActions } from './rpc-error-action.js';

const signal = new AbortController().signal;
const blocks = { from: 1, to: 100 };

interface PlayedError {
  readonly error: { readonly code?: number | undefined; readonly message?: string; readonly data?: unknown } | null;
  readonly rawBody?: string | undefined;
  readonly status: number | null;
}

/** What a node was asked: how many calls at once, and for the logs of how many blocks. */
interface Asked {
  readonly calls: number;
  readonly blocks: number | null;
  readonly node: number;
}

/** Plays an error that nodes answer the first requests with, and tells what was asked then. */
describe('an error that a node answers with', () => {
  let nodes: ChainSimulator[];
  let clock: HastyClock;
  let asked: Asked[];
  let isAnswered: boolean;

  before(async () => {
    nodes = [
      await ChainSimulator.start({}, { logTimestamps: 'real' }),
      await ChainSimulator.start({}, { logTimestamps: 'real' }),
    ];
    for (const node of nodes) node.mine(100);
  });
  after(() => Promise.all(nodes.map((node) => node.stop())));

  const faultOf = ({ error, rawBody, status }: PlayedError): Fault => {
    const isGood = status === null || status === 200;
    if (error !== null && isGood) return { kind: 'call-error', method: 'eth_getLogs', error: error as never };
    const body = rawBody ?? JSON.stringify({ jsonrpc: '2.0', id: 1, error });
    return isGood ? { kind: 'body', body } : { kind: 'status', status, body };
  };
  const watch = (node: number, faulty: (isFirst: boolean) => Fault | undefined): void => {
    let requests = 0;
    const fault = (calls: readonly SimCall[]): Fault | undefined => {
      const call = calls.find(({ method }) => method === 'eth_getLogs');
      const { fromBlock, toBlock } = (call?.params[0] ?? {}) as { fromBlock?: string; toBlock?: string };
      const range = call === undefined ? null : Number(toBlock) - Number(fromBlock) + 1;
      const answer = faulty(++requests === 1);
      // Behind an answer comes what makes sure of it.
      if (!isAnswered) asked.push({ calls: calls.length, blocks: range, node });
      isAnswered ||= call !== undefined && answer === undefined;
      return answer;
    };
    nodes[node]!.options = { fault };
  };
  /** `always`: the first node answers every request so; the second is there only with `others`. */
  const play = async (played: PlayedError, { always = false, others = false }): Promise<Error | undefined> => {
    [asked, isAnswered] = [[], false];
    clock = new HastyClock();
    const fault = faultOf(played);
    watch(0, (isFirst) => (isFirst || always ? fault : undefined));
    watch(1, () => undefined);
    const urls = nodes.slice(0, others ? 2 : 1).map((node) => node.url);
    const chain = new ChainClient({ urls, clock, logger: silentLogger, requestTimeoutMs: 200_000 });
    const filter = { addresses: null, topics: null };
    const source = new LogSource({
      ...{ chain, filter, batchSize: 100, clock, logger: silentLogger },
      // The block that is looked at is the last one, whose header is there.
      random: () => 0.999,
    });
    try {
      const fetched = await source.fetch(blocks, { ...quietCall(signal), verified: false });
      expect(fetched.logs).to.have.length(fetched.to);
      return undefined;
    } catch (error) {
      return error as Error;
    } finally {
      await chain.close();
    }
  };

  const actions: Record<string, (played: PlayedError) => Promise<void>> = {
    split: async (played) => {
      expect(await play(played, {})).to.equal(undefined);
      expect(asked).to.have.length(2);
      expect(asked[1]?.blocks).to.be.lessThan(100);
      expect(clock.sleptMs).to.equal(0);
    },
    'split-or-retry': async (played) => {
      expect(await play(played, {})).to.equal(undefined);
      expect(asked).to.have.length(2);
    },
    retry: async (played) => {
      expect(await play(played, {})).to.equal(undefined);
      expect(asked.filter((request) => request.blocks !== null)).to.have.length(2);
      expect(asked.at(-1)?.blocks).to.equal(100);
    },
    backoff: async (played) => {
      expect(await play(played, {})).to.equal(undefined);
      expect(asked.map((request) => request.blocks)).to.deep.equal([100, 100]);
      expect(clock.sleptMs).to.be.greaterThan(0);
      expect(await play(played, { others: true, always: true })).to.equal(undefined);
      expect(asked.map((request) => request.node)).to.deep.equal([0, 1]);
    },
    'fatal-or-failover': async (played) => {
      const error = await play(played, { always: true });
      expect(error).to.be.instanceOf(ChainUnreachableError);
      expect(error).to.include({ exitCode: 6 });
      expect((error as ChainUnreachableError).hint).to.not.equal(undefined);
      expect(asked.length).to.be.at.most(2);
      expect(clock.sleptMs).to.equal(0);
      expect(await play(played, { always: true, others: true })).to.equal(undefined);
      expect(asked.findIndex((request) => request.node === 1)).to.equal(1);
    },
    fatal: async (played) => {
      const error = await play(played, { always: true, others: true });
      expect(error).to.be.instanceOf(ChainUnreachableError);
      expect(asked.length).to.be.at.most(2);
      expect(clock.sleptMs).to.equal(0);
    },
    unbatch: async (played) => {
      expect(await play(played, {})).to.equal(undefined);
      expect(asked[0]?.calls).to.equal(2);
      expect(asked.slice(1).map((request) => request.calls)).to.deep.equal([1, 1]);
    },
  };
  const aliases: Record<string, string> = { 'stop-or-failover': 'fatal-or-failover', 'not-for-logs': 'retry' };
  const check = (action: string, played: PlayedError): Promise<void> => actions[aliases[action] ?? action]!(played);

  for (const [provider, kind, text, code, status = 200] of providerErrors) {
    const action = rpcErrorActions[kind];
    const played = { error: { code, message: text }, status };
    it(`leads to "${action}" where ${provider} says "${text.slice(0, 80)}"`, () => check(action, played));
  }

  const bodies: readonly (readonly [string, string])[] = [
    ['an empty body', ''],
    ['an empty object', '{}'],
    ['a page', '<html><body>Just a moment…</body></html>'],
    ['half a document', '{"jsonrpc":"2.0","id":1,"result":[{"addr'],
    ['a text as its error', '{"jsonrpc":"2.0","id":1,"error":"something odd happened"}'],
    ['no logs at all', '[{"jsonrpc":"2.0","id":1,"result":null},{"jsonrpc":"2.0","id":2,"result":null}]'],
    ['null', 'null'],
    ['an empty list', '[]'],
  ];
  for (const [what, rawBody] of bodies) {
    it(`leads to another try where it is ${what}`, async () => {
      expect(await play({ error: null, rawBody, status: 200 }, {})).to.equal(undefined);
      expect(asked.length).to.be.at.most(3);
    });
  }

  withCorpus('of the recorded ones', () => {
    it('is played for each of them, but for what is no answer of a node, or no error', () => {
      const left = readRpcErrors().filter(({ action }) => !(aliases[action] ?? action in actions));
      expect(left.every(({ error }) => error === null)).to.equal(true);
      expect(left.map(({ action }) => action)).to.have.members(['classify', 'detect', 'detect', 'detect']);
    });

    for (const { id, error, httpStatus, rawBody, action, category } of readRpcErrors()) {
      if (!(aliases[action] ?? action in actions) || category === 'silent-loss') continue;
      it(`leads to "${action}" for ${id}`, () => check(action, { error, rawBody, status: httpStatus }));
    }
  });
});
