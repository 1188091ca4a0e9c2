import { expect } from 'chai';
import { variablesIn, withVariables } from '../../../src/components/seam/variables.js';
import { UsageError } from '../../../src/runtime/errors.js';
import { thrownBy } from '../../support/rejection.js';

describe('variables in what a definition says', () => {
  const config = {
    url: 'https://${USER}@h/${A:-a}${USER}',
    list: ['${B:-${A:-none}}', '${C:-}'],
    number: 5,
    none: null,
  };

  it('are needed where nothing stands in their place', () => {
    expect(variablesIn(config)).to.deep.equal(['USER']);
    expect(variablesIn('${A:-${B}}')).to.deep.equal(['B']);
    const error = thrownBy(() => withVariables(config, { env: { USER: '' }, remember: () => undefined }), UsageError);
    expect(error.message).to.equal('the environment lacks USER, which the definition names');
  });

  it('are replaced by what the environment says, which is remembered, or by what stands in their place', () => {
    const read: string[] = [];
    const remember = (value: string): void => void read.push(value);
    const without = withVariables(config, { env: { USER: 'u' }, remember });
    expect(without).to.deep.equal({ url: 'https://u@h/au', list: ['none', ''], number: 5, none: null });
    expect(read).to.deep.equal(['u', 'u']);
    const all = withVariables(config, { env: { USER: 'u', A: '$&', C: 'c' }, remember });
    expect(all).to.deep.equal({ url: 'https://u@h/$&u', list: ['$&', 'c'], number: 5, none: null });
    expect(read).to.include.members(['$&', 'c']);
  });
});
