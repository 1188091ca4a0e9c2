import { expect } from 'chai';
import { RateTrial } from '../../../../src/chain/transport/endpoints/rate-trial.js';
import type { RoundVerdict } from '../../../../src/chain/transport/endpoints/rate-trial.js';

describe('refusals at several rates', () => {
  let trial: RateTrial;
  beforeEach(() => {
    trial = new RateTrial();
  });
  /** A round of a hundred requests. */
  const round = (share: number, answers: number, rate = 200): RoundVerdict =>
    trial.judge({ share, requests: 100, answers, rate });

  it('are chance where as many are refused, and fewer answered, at one lower rate after the other', () => {
    expect(round(0.1, 100)).to.equal('too many');
    expect([trial.isTrying, trial.before]).to.deep.equal([true, 200]);
    expect(round(0.1, 90, 90)).to.equal('too many');
    expect(round(0.1, 80, 80)).to.equal('too many');
    expect(round(0.1, 70, 70)).to.equal('noise');
    expect([trial.isTrying, trial.before]).to.deep.equal([false, 200]);
    expect(trial.noise).to.be.closeTo(0.1, 0.001);
  });

  it('are none once a lower rate leaves few of them', () => {
    expect(round(0.1, 100)).to.equal('too many');
    expect(round(0.02, 95)).to.equal(null);
    expect([trial.isTrying, trial.noise]).to.deep.equal([false, 0]);
  });

  it('are those of a limit where as much is answered at each rate', () => {
    for (let tried = 0; tried < 10; tried++) expect(round(0.2, 100)).to.equal('too many');
    expect(trial.noise).to.equal(0);
  });

  it('are those of a limit where most are refused', () => {
    for (let tried = 0; tried < 10; tried++) expect(round(0.6, 100 - 9 * tried)).to.equal('too many');
    expect([trial.noise, trial.isTrying]).to.deep.equal([0, false]);
  });

  it('are borne where they are few', () => {
    for (let each = 0; each < 100; each++) expect(round(0.03, 100)).to.equal(null);
    expect(trial.judge({ share: 0.1, requests: 10, answers: 10, rate: 100 })).to.equal(null);
  });

  it('count beyond those that come by chance, which may become fewer, and hardly more', () => {
    for (const answers of [100, 90, 80, 70]) round(0.1, answers);
    expect(round(0.12, 90)).to.equal(null);
    expect(round(0.3, 90)).to.equal('too many');
    round(0, 90);
    for (let each = 0; each < 100; each++) round(0.14, 90);
    expect(trial.noise).to.be.at.most(0.131);
    for (let each = 0; each < 100; each++) round(0, 90);
    expect(trial.noise).to.equal(0);
  });
});
