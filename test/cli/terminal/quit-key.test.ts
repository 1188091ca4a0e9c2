import { expect } from 'chai';
import { listenForQuit } from '../../../src/cli/terminal/quit-key.js';
import { FakeIo, FakeKeys } from '../fake-io.js';

function setUp(): { keys: FakeKeys; raised: string[]; quitKey: ReturnType<typeof listenForQuit> } {
  const keys = new FakeKeys();
  const raised: string[] = [];
  const quitKey = listenForQuit({ stdin: keys, raise: (signal) => void raised.push(signal) });
  return { keys, raised, quitKey };
}

describe('listenForQuit', () => {
  it('hears q at once, without an end of the line, and gives the keyboard back', () => {
    const { keys, quitKey } = setUp();
    keys.type('x');
    expect(quitKey.pressed.aborted).to.equal(false);
    keys.type('q');
    expect(quitKey.pressed.aborted).to.equal(true);
    quitKey.release();
    expect(keys.modes).to.deep.equal([true, false]);
    expect(keys.listenerCount('data')).to.equal(0);
  });

  it('leaves Ctrl-C, Ctrl-Z and Ctrl-\\ what they are', () => {
    const { keys, raised, quitKey } = setUp();
    keys.type('\u0003\u001a\u001c');
    expect(raised).to.deep.equal(['SIGINT', 'SIGTSTP', 'SIGQUIT']);
    expect(quitKey.pressed.aborted).to.equal(false);
    // A shell in between has the terminal as it was.
    expect(keys.modes.slice(1, 5)).to.deep.equal([false, true, false, true]);
  });

  it('touches no keyboard where there is none', () => {
    const quitKey = listenForQuit(new FakeIo());
    expect(quitKey.pressed.aborted).to.equal(false);
    quitKey.release();
  });
});
