import { expect } from 'chai';
import { Problems } from '../../src/runtime/problems.js';
import { UsageError } from '../../src/runtime/errors.js';
import { readDotEnv, type DotEnv } from '../../src/settings/dot-env.js';
import { thrownBy } from '../support/rejection.js';

function read(text: string): DotEnv {
  const problems = new Problems();
  const values = readDotEnv(text, '.env', problems);
  problems.throwIfAny();
  return values;
}

describe('readDotEnv', () => {
  const taken: readonly (readonly [string, DotEnv])[] = [
    ['', {}],
    ['\n \n# a comment\n  # another', {}],
    ['A=1', { A: '1' }],
    ['\uFEFFA=1', { A: '1' }],
    ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    [' A = a b  # why', { A: 'a b' }],
    ['A=\nB= \nC=#', { A: '', B: '', C: '' }],
    ['export A=1\nexport A B # both', { A: '1' }],
    ['A=1\nA=2', { A: '2' }],
    ['A="a # b" # why\nB=\'say "x"\'\nC=`it\'s`', { A: 'a # b', B: 'say "x"', C: "it's" }],
    ['A="one\ntwo=2"\nB=\'x\n\ny\'', { A: 'one\ntwo=2', B: 'x\n\ny' }],
    ['A="a\\nb \\"c\\" \\d"\nB=\'a\\nb\'', { A: 'a\nb "c" \\d', B: 'a\\nb' }],
    ['A=x"y"\nB=it\'s\nC={"a":1}', { A: 'x"y"', B: "it's", C: '{"a":1}' }],
    ['A=postgres://u:p@h/d?x=1', { A: 'postgres://u:p@h/d?x=1' }],
    ['1.x-y=1', { '1.x-y': '1' }],
  ];
  for (const [text, values] of taken) {
    it(`takes ${JSON.stringify(text)}`, () => {
      expect(read(text)).to.deep.equal(values);
    });
  }

  const refused: readonly (readonly [string, string])[] = [
    ['A=1\n\nsecret', '.env:3: this line names no variable and its value'],
    ['LOG LEVEL=debug', '.env:1: this line names no variable and its value'],
    ['=secret', '.env:1: this line names no variable and its value'],
    ['A: secret', '.env:1: this line names no variable and its value'],
    ['A="secret\nB=2', '.env:1: the quote of A is not closed'],
    ["A='x\ny' secret\nB=1", '.env:1: something stands behind the quotes of A'],
    ['A="secret\nB="2"', '.env:1: something stands behind the quotes of A'],
  ];
  for (const [text, message] of refused) {
    it(`refuses ${JSON.stringify(text)} and shows nothing of it`, () => {
      const error = thrownBy(() => read(text), UsageError);
      expect(error.message).to.equal(message);
      expect(error.hint).to.contain('NAME=value');
    });
  }
});
