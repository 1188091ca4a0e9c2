import { expect } from 'chai';
import { toInstantOrNull } from '../../src/database/instant.js';

describe('an instant of a column', () => {
  it('is none where there is none, or a date with a zero in it, as MySQL may keep', () => {
    expect(toInstantOrNull('2024-10-20 00:00:00.000')).to.equal('2024-10-20T00:00:00');
    for (const text of [null, '0000-00-00 00:00:00', '2024-00-10 10:00:00', '2024-01-00 10:00:00']) {
      expect(toInstantOrNull(text), String(text)).to.equal(null);
    }
  });
});
