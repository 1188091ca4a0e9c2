import { expect } from 'chai';
import { SharedReads } from '../../src/api/shared-reads.js';

/** A read that the test ends. */
class SlowRead {
  begun = 0;
  readonly #ends: (() => void)[] = [];

  readonly read = (): Promise<number> => {
    const mine = ++this.begun;
    return new Promise((resolve) => this.#ends.push(() => resolve(mine)));
  };

  readonly fail = (): Promise<number> => {
    this.begun++;
    return new Promise((_resolve, reject) => this.#ends.push(() => reject(new Error('away'))));
  };

  async end(): Promise<void> {
    this.#ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('SharedReads', () => {
  it('gives to all who ask while a read is in the air the next one, which begins after they asked', async () => {
    const slow = new SlowRead();
    const reads = new SharedReads();
    const first = reads.get('a', slow.read);
    const others = [reads.get('a', slow.read), reads.get('a', slow.read)];
    expect(slow.begun).to.equal(1);
    await slow.end();
    expect(await first).to.equal(1);
    expect(slow.begun).to.equal(2);
    const later = reads.get('a', slow.read);
    await slow.end();
    expect(await Promise.all(others)).to.deep.equal([2, 2]);
    await slow.end();
    expect(await later).to.equal(3);
  });

  it('keeps different questions apart', async () => {
    const slow = new SlowRead();
    const reads = new SharedReads();
    const answers = [reads.get('a', slow.read), reads.get('b', slow.read)];
    expect(slow.begun).to.equal(2);
    await slow.end();
    await slow.end();
    expect(await Promise.all(answers)).to.deep.equal([1, 2]);
  });

  it('tells a failure to those who shared the read, and reads anew for the next', async () => {
    const slow = new SlowRead();
    const reads = new SharedReads();
    const first = reads.get('a', slow.fail).catch(String);
    const second = reads.get('a', slow.read);
    await slow.end();
    expect(await first).to.equal('Error: away');
    await slow.end();
    expect(await second).to.equal(2);
  });
});
