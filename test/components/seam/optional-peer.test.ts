import { expect } from 'chai';
import { loadPeer } from '../../../src/components/seam/optional-peer.js';
import { RuntimeFailure, UsageError } from '../../../src/runtime/errors.js';
import { rejectionOf } from '../../support/rejection.js';

const missing = 'chainparse-has-no-such-client';

describe('a client that is an optional peer', () => {
  it('is loaded where it is installed', async () => {
    const { createClient } = await loadPeer({
      type: 'redis_sink',
      packages: ['redis'],
      load: () => import('redis'),
    });
    expect(createClient).to.be.a('function');
  });

  it('is named, with what to install, where it is missing', async () => {
    const packages = [missing, 'its-other-half'];
    const peer = { type: 'x_sink', packages, load: (): Promise<unknown> => import(missing) };
    const error = await rejectionOf(loadPeer(peer), UsageError);
    expect(error.message).to.equal(`x_sink needs ${missing} and its-other-half: not installed`);
    expect(error.hint).to.equal(
      `npm install ${missing} its-other-half, with --global where chainparse was installed so`,
    );
  });

  it('is not said to be missing where it is there and broken', async () => {
    const broken = Object.assign(new Error("Cannot find module '../build/x'\nRequire stack: a"), {
      code: 'MODULE_NOT_FOUND',
    });
    const peer = { type: 'x_sink', packages: ['x'], load: () => Promise.reject(broken) };
    const error = await rejectionOf(loadPeer(peer), RuntimeFailure);
    expect(error.message).to.equal("x can't be loaded: Cannot find module '../build/x'");
    expect(error.hint).to.match(/^npm rebuild x; npm 12 asks for npm install-scripts approve x before/);
  });
});
