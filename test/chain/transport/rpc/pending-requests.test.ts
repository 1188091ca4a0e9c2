import { expect } from 'chai';
import type { HttpAnswer } from '../../../../src/chain/transport/rpc/json-rpc-answer.js';
import { PendingRequests } from '../../../../src/chain/transport/rpc/pending-requests.js';
import { RpcError } from '../../../../src/chain/transport/errors/rpc-error.js';

const signal = new AbortController().signal;
const call = (id: number): string => JSON.stringify({ jsonrpc: '2.0', id, method: 'eth_chainId', params: [] });
const batch = (...ids: number[]): string => `[${ids.map(call).join(',')}]`;
const answer = (parsed: unknown): HttpAnswer => {
  const text = JSON.stringify(parsed);
  return { status: 200, retryAfter: undefined, text, bytes: text.length, parsed };
};

describe('requests that wait on one connection', () => {
  let pending: PendingRequests;
  const settle = (parsed: unknown): void => pending.settle(answer(parsed));
  const textOf = async (work: Promise<HttpAnswer>): Promise<string> => (await work).text;

  beforeEach(() => {
    pending = new PendingRequests();
  });

  it('get their answers by their ids, in whatever order these come', async () => {
    const [one, many, other] = [
      pending.add(call(1), signal),
      pending.add(batch(2, 3, 4), signal),
      pending.add(call(5), signal),
    ];
    settle({ id: 5, result: 'five' });
    settle([{ id: 4 }, { id: 3 }, { id: 2 }]);
    settle({ id: '1', result: 'one' });
    expect(await textOf(one)).to.contain('one');
    expect(await textOf(many)).to.equal('[{"id":4},{"id":3},{"id":2}]');
    expect(await textOf(other)).to.contain('five');
  });

  it('are not given the late answer of a request that was given up', async () => {
    const impatient = new AbortController();
    const given = pending.add(call(3), impatient.signal);
    const waiting = pending.add(batch(1, 2), signal);
    impatient.abort(new Error('enough'));
    expect(await given.catch((error: unknown) => (error as Error).message)).to.equal('enough');
    settle({ id: 3, result: 'late' });
    settle([{ id: 2 }]);
    expect(await textOf(waiting)).to.equal('[{"id":2}]');
  });

  it('are given what bears no id in their order, whole batches first', async () => {
    const [one, many] = [pending.add(call(1), signal), pending.add(batch(2, 3), signal)];
    settle({ id: null, error: { code: -32600, message: 'batch too large' } });
    pending.settle({ ...answer(null), text: '<html>' });
    expect(await textOf(many)).to.contain('batch too large');
    expect(await textOf(one)).to.equal('<html>');
    settle({ id: null, error: 'nobody waits' });
  });

  it('all fail with their connection', async () => {
    const works = [pending.add(call(1), signal), pending.add(batch(2, 3), signal)];
    pending.failAll(new RpcError('gone', { class: 'transport', host: 'h', lostConnection: true }));
    const reasons = await Promise.all(works.map((work) => work.catch((error: unknown) => (error as Error).message)));
    expect(reasons).to.deep.equal(['h: gone', 'h: gone']);
  });
});
