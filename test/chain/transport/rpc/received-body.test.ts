import { expect } from 'chai';
import { ReceivedBody } from '../../../../src/chain/transport/rpc/received-body.js';
import { Rooms } from '../../../../src/runtime/rooms.js';

describe('the body of an answer', () => {
  const pieces = ['', 'a', 'bc'.repeat(100), 'd'.repeat(1_000), 'ü'].map((text) => Buffer.from(text));

  it('is what has come, whatever length the server claims', () => {
    for (const expected of [undefined, 0, 1, 1_203, 5_000, Number.MAX_SAFE_INTEGER]) {
      const body = new ReceivedBody(expected, new Rooms());
      for (const piece of pieces) body.add(piece);
      expect(body.length).to.equal(1_203);
      expect(body.whole().equals(Buffer.concat(pieces))).to.equal(true);
    }
  });

  it('is empty where nothing has come', () => {
    expect(new ReceivedBody(10, new Rooms()).whole().length).to.equal(0);
  });

  it('takes the room of one that was read, and not of one that may yet be', () => {
    const rooms = new Rooms();
    const bodyOf = (letter: string, expected?: number): ReceivedBody => {
      const body = new ReceivedBody(expected, rooms);
      for (let piece = 0; piece < 30; piece++) body.add(Buffer.alloc(100_000, letter));
      return body;
    };
    const first = bodyOf('a', 3_000_000);
    const second = bodyOf('b', 3_000_000);
    const place = first.whole().buffer;
    first.release();
    first.release();
    const third = bodyOf('c', 3_000_000);
    expect(third.whole().buffer).to.equal(place);
    const fourth = bodyOf('d');
    expect(fourth.whole().buffer).not.to.equal(place);
    for (const [body, letter] of [
      [second, 'b'],
      [third, 'c'],
      [fourth, 'd'],
    ] as const) {
      expect(body.whole().equals(Buffer.alloc(3_000_000, letter)), letter).to.equal(true);
    }
  });
});
