import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { SharedValues } from '../../src/runtime/shared-values.js';
import { eventually } from '../support/within.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('values that are shared', () => {
  it('are made once for all who want the same', () => {
    const values = new SharedValues<{ readonly of: string }>();
    const made: string[] = [];
    const get = (key: string): { readonly of: string } => values.get(key, () => ({ of: (made.push(key), key) }));
    const [first, other] = [get('a'), get('b')];
    expect(get('a')).to.equal(first).and.not.to.equal(other);
    expect(made).to.deep.equal(['a', 'b']);
  });

  it('are forgotten once nobody holds them', async () => {
    const values = new SharedValues<object>();
    let made = 0;
    const make = (): object => {
      made++;
      return {};
    };
    values.get('a', make);
    await eventually('it was forgotten', () => {
      collectGarbage();
      values.get('a', make);
      return made > 1;
    });
  });
});
