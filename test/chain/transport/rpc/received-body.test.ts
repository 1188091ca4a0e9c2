import { expect } from 'chai';
import { ReceivedBody } from '../../../../src/chain/transport/rpc/received-body.js';

describe('the body of an answer', () => {
  const pieces = ['', 'a', 'bc'.repeat(100), 'd'.repeat(1_000), 'ü'].map((text) => Buffer.from(text));

  it('is what has come, whatever length the server claims', () => {
    for (const expected of [undefined, 0, 1, 1_203, 5_000, Number.MAX_SAFE_INTEGER]) {
      const body = new ReceivedBody(expected);
      for (const piece of pieces) body.add(piece);
      expect(body.length).to.equal(1_203);
      expect(body.whole().equals(Buffer.concat(pieces))).to.equal(true);
    }
  });

  it('is empty where nothing has come', () => {
    expect(new ReceivedBody(10).whole().length).to.equal(0);
  });
});
