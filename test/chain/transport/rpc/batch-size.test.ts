import { expect } from 'chai';
import { RpcError } from '../../../../src/chain/transport/errors/rpc-error.js';
import type { RpcErrorClass } from '../../../../src/chain/transport/errors/rpc-error.js';
import { BatchSize } from '../../../../src/chain/transport/rpc/batch-size.js';

const error = (kind: RpcErrorClass): RpcError => new RpcError('no', { class: kind, host: 'node' });

describe('how many calls a request holds', () => {
  let size: BatchSize;

  beforeEach(() => (size = new BatchSize(20)));

  const fail = (times: number, kind: RpcErrorClass): void => {
    for (let i = 0; i < times; i++) {
      try {
        size.refused(size.most, error(kind));
      } catch {
        // What is borne is thrown.
      }
    }
  };
  const alone = (times: number): void => {
    for (let i = 0; i < times; i++) size.answeredAlone();
  };

  it('is one while a server breaks at batches, and more again once it does not', () => {
    fail(2, 'internal');
    expect(size.most).to.equal(20);
    fail(1, 'internal');
    expect(size.most).to.equal(1);
    alone(19);
    expect(size.most).to.equal(1);
    alone(1);
    expect(size.most).to.equal(2);
    size.answered(2);
    expect(size.most).to.equal(4);
  });

  it('is as it was where a server that has answered as many breaks some times, or a page comes in its stead', () => {
    size.answered(20);
    for (let times = 0; times < 11; times++) expect(() => size.refused(20, error('internal'))).to.throw(/no/);
    size.answered(20);
    for (let pages = 0; pages < 11; pages++) expect(() => size.refused(20, error('malformed'), false)).to.throw(/no/);
    expect(size.most).to.equal(40);
  });

  it('is tried again ever more seldom where the server goes on breaking', () => {
    fail(3, 'internal');
    alone(20);
    fail(3, 'internal');
    alone(39);
    expect(size.most).to.equal(1);
    alone(1);
    expect(size.most).to.equal(2);
  });

  it('stays one where the server says that it takes no batches', () => {
    fail(1, 'batch');
    expect(size.most).to.equal(1);
    alone(10_000);
    expect(size.most).to.equal(1);
  });
});
