import { expect } from 'chai';
import { OneAtATime } from '../../src/runtime/one-at-a-time.js';
import { settle } from '../support/fake-clock.js';
import { rejectionOf } from '../support/rejection.js';

describe('works that are done one at a time', () => {
  it('begin in their order, each once the one before is over, whether or not it failed', async () => {
    const turns = new OneAtATime();
    const begun: string[] = [];
    let fail: (error: Error) => void = () => undefined;
    const first = new Promise<string>((_resolve, reject) => (fail = reject));
    const work = (name: string, result: Promise<string>) =>
      turns.run(() => {
        begun.push(name);
        return result;
      });
    const one = work('one', first);
    const two = work('two', Promise.resolve('2'));
    await settle();
    expect(begun).to.deep.equal(['one']);
    fail(new Error('broken'));
    expect((await rejectionOf(one)).message).to.equal('broken');
    expect(await two).to.equal('2');
    expect(begun).to.deep.equal(['one', 'two']);
  });
});
