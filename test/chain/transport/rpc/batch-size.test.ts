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

  describe('where calls of a batch are left out', () => {
    const inPart = (times: number, calls: number): void => {
      for (let i = 0; i < times; i++) size.answeredInPart(20, calls);
    };

    it('is as many as come, once that was so three times in a row', () => {
      inPart(2, 5);
      size.answered(15);
      expect(size.most).to.equal(40);
      inPart(2, 5);
      expect(size.most).to.equal(40);
      inPart(1, 5);
      expect(size.most).to.equal(5);
    });

    it('is half of them where nearly all come, and one where none does', () => {
      inPart(3, 19);
      expect(size.most).to.equal(10);
      inPart(3, 0);
      expect(size.most).to.equal(1);
    });

    it('is more again after some answers: it may have been a fault that passed', () => {
      inPart(3, 5);
      for (let i = 0; i < 19; i++) size.answered(5);
      size.answered(2);
      expect(size.most).to.equal(5);
      size.answered(5);
      expect(size.most).to.equal(10);
      size.answered(10);
      expect(size.most).to.equal(20);
    });
  });

  describe('where the connection is lost over batches', () => {
    let now = 0;
    const lose = (times: number, calls: number): void => {
      for (let i = 0; i < times; i++) size.lost(calls, { sentAt: ++now, now: ++now });
    };

    it('is half of what was asked at once, or what was answered, once that came three times', () => {
      lose(2, 20);
      size.answered(4);
      expect(size.most).to.equal(20);
      lose(1, 20);
      expect(size.most).to.equal(10);
      size.answered(10);
      lose(3, 12);
      expect(size.most).to.equal(10);
    });

    it('is as it was where as many have been answered since, and only lost more often than by chance where they were before', () => {
      lose(2, 20);
      size.answered(20);
      lose(11, 20);
      size.answered(20);
      lose(11, 20);
      expect(size.most).to.equal(40);
      lose(1, 20);
      expect(size.most).to.equal(10);
    });

    it('is as it was where one break took all that were on their way', () => {
      lose(1, 20);
      for (let i = 0; i < 30; i++) size.lost(20, { sentAt: 0, now });
      expect(size.most).to.equal(20);
    });

    it('is tried anew as soon as ever where it was no matter of the number', () => {
      const answersUntilMore = (): number => {
        for (let answers = 1; answers < 1_000; answers++) {
          const before = size.most;
          size.answered(before);
          if (size.most > before) return answers;
        }
        return Number.POSITIVE_INFINITY;
      };
      for (let restarts = 0; restarts < 4; restarts++) {
        lose(12, size.most);
        expect(answersUntilMore()).to.equal(20);
        size.answered(size.most);
      }
    });
  });
});
