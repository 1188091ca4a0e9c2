import { expect } from 'chai';
import { classify, isPassedOver } from '../../../../src/database/drivers/mysql/mysql-errors.js';

const error = (errno: number): Error => Object.assign(new Error('no'), { errno });

describe('a node of a cluster that does not know the database', () => {
  it('is passed over, for it may only be behind, though one server alone that does not is refused', () => {
    expect(isPassedOver(error(1049))).to.equal(true);
    expect(classify(error(1049))).to.equal('refused');
    for (const errno of [1044, 1045]) expect(isPassedOver(error(errno))).to.equal(false);
  });
});
