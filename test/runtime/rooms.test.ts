import { expect } from 'chai';
import { Rooms } from '../../src/runtime/rooms.js';

describe('rooms of bytes', () => {
  it('are kept, two of them, and none that is very large', () => {
    const rooms = new Rooms();
    const [small, large, ...others] = [1_000, 9 * 2 ** 20, 2 ** 20, 2 ** 21, 2 ** 22].map((length) =>
      rooms.take(length),
    );
    for (const room of [small, large, ...others]) rooms.give(room as Buffer);
    expect(rooms.take(1_000)).not.to.equal(small);
    expect([rooms.take(2 ** 20), rooms.take(2 ** 20)]).to.have.members(others.slice(1));
    expect(rooms.take(2 ** 20).length).to.equal(2 ** 20);
  });
});
