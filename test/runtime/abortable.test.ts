import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { abortable } from '../../src/runtime/abortable.js';
import { rejectionOf } from '../support/rejection.js';

describe('what is waited for until a signal is aborted', () => {
  let giving: AbortController;
  let left: number;

  beforeEach(() => {
    giving = new AbortController();
    left = 0;
  });

  it('is what is settled, and nothing is left then', async () => {
    let give: (value: string) => void = () => undefined;
    const waiting = abortable<string>(giving.signal, (resolve) => {
      give = resolve;
      return () => left++;
    });
    give('here');
    expect(await waiting).to.equal('here');
    giving.abort();
    expect([left, getEventListeners(giving.signal, 'abort')]).to.deep.equal([0, []]);
  });

  it('is left with the reason of the signal', async () => {
    const waiting = rejectionOf(abortable(giving.signal, () => () => left++));
    giving.abort(new Error('enough'));
    expect((await waiting).message).to.equal('enough');
    expect(left).to.equal(1);
  });

  it('is left, too, where its beginning aborts the signal', async () => {
    const begin = (): (() => number) => {
      giving.abort(new Error('at once'));
      return () => left++;
    };
    expect((await rejectionOf(abortable(giving.signal, begin))).message).to.equal('at once');
    expect(left).to.equal(1);
  });

  it('is not begun where the signal was aborted before', async () => {
    giving.abort(new Error('before'));
    const begin = (): never => expect.fail('it was begun');
    expect((await rejectionOf(abortable(giving.signal, begin))).message).to.equal('before');
  });
});
