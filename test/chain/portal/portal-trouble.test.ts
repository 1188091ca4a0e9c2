import { expect } from 'chai';
import { PortalClient } from '../../../src/chain/portal/portal-client.js';
import { PortalError } from '../../../src/chain/portal/portal-error.js';
import { PortalFailedError, PortalPatience } from '../../../src/chain/portal/portal-trouble.js';
import type { PortalTrouble } from '../../../src/chain/portal/portal-trouble.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { makeAuthority } from '../../support/authority.js';
import { FakeClock } from '../../support/fake-clock.js';
import { startHttps } from '../../support/https-server.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import { rejectionOf } from '../../support/rejection.js';

const { signal } = new AbortController();
const range = { from: 1, to: 9 };
const busy = (retryAfterMs?: number): PortalError => new PortalError('HTTP 429', { class: 'busy', retryAfterMs });

describe('what a run bears of a portal', () => {
  let clock: FakeClock;
  let logger: MemoryLogger;
  let client: PortalClient;
  let trouble: PortalTrouble;

  const begin = (hasNodes: boolean): PortalPatience => {
    clock = new FakeClock();
    logger = new MemoryLogger();
    client = new PortalClient({ url: 'http://portal.example', clock });
    const patience = new PortalPatience({ client, clock, logger, hasNodes });
    trouble = patience.begin(range);
    return patience;
  };
  /** Is refused every six seconds; returns after how many of them it was too much. */
  const refusedFor = async (tries: number, meanwhile: (at: number) => void = () => undefined): Promise<number> => {
    for (let at = 0; at < tries; at++) {
      try {
        await trouble.bear(busy(6_000), signal);
      } catch (error) {
        expect(error).to.be.instanceOf(PortalFailedError);
        return at * 6;
      }
      await clock.advance(6_000);
      meanwhile(at);
    }
    return Number.POSITIVE_INFINITY;
  };

  it('is half a minute of refusals where there are nodes', async () => {
    begin(true);
    expect(await refusedFor(20)).to.equal(30);
  });

  it('is more where it gives others what they ask for, but not without an end', async () => {
    begin(true);
    expect(await refusedFor(100, (at) => at % 4 === 3 && client.gave())).to.equal(120);
  });

  it('begins anew once it was given what it asked for', async () => {
    const patience = begin(true);
    for (let round = 0; round < 10; round++) {
      trouble = patience.begin(range);
      expect(await refusedFor(4)).to.equal(Number.POSITIVE_INFINITY);
      client.gave();
    }
    expect(logger.messages('warn')).to.have.length(10);
  });

  it('counts the time in which no answer came', async () => {
    begin(true);
    await rejectionOf(
      trouble.bear(new PortalError('no answer within 60 s', { class: 'away', tookMs: 60_000 }), signal),
      PortalFailedError,
    );
  });

  it('is the wrong certificate for a while, in which nobody mends it, and then it says how to', async () => {
    const untrusted = new PortalClient({
      url: `https://127.0.0.1:${await startHttps(makeAuthority())}`,
      clock: systemClock,
    });
    const failure = await rejectionOf(untrusted.finalizedHead('local', signal), PortalError);
    const patience = new PortalPatience({
      client: untrusted,
      clock: new HastyClock(),
      logger: new MemoryLogger(),
      hasNodes: false,
    });
    trouble = patience.begin(range);
    const bear = async (): Promise<void> => {
      for (let at = 0; at < 20; at++) await trouble.bear(failure, signal);
    };
    expect((await rejectionOf(bear(), PortalFailedError)).hint).to.contain('NODE_EXTRA_CA_CERTS=FILE');
  });

  it('is minutes where there are none, whatever the portal asks for', async () => {
    begin(false);
    await trouble.bear(busy(3_600_000), signal);
    expect(await refusedFor(50)).to.equal(Number.POSITIVE_INFINITY);
  });

  it('ends after a quarter of an hour in which it gave nothing, and says how long it wants to be left alone', async () => {
    begin(false);
    for (let at = 0; at < 5; at++) {
      await trouble.bear(busy(3_600_000), signal);
      await clock.advance(180_000);
    }
    const failure = await rejectionOf(trouble.bear(busy(3_600_000), signal), PortalFailedError);
    const wish = 'HTTP 429 (it wants to be left alone for 60 min)';
    expect(failure.message).to.equal(`the portal portal.example can't be used: ${wish}`);
    expect(logger.messages('warn')).to.deep.equal([
      `the portal portal.example does not give blocks 1 to 9, trying again: ${wish}`,
    ]);
  });

  it('does not end where it gives others what they ask for meanwhile', async () => {
    begin(false);
    for (let at = 0; at < 20; at++) {
      await trouble.bear(busy(180_000), signal);
      await clock.advance(180_000);
      client.gave();
    }
  });

  it('is asked again well before a run that is silent is called stalled', async () => {
    clock = new FakeClock();
    // Where nobody listens.
    const nobody = new PortalClient({ url: 'http://127.0.0.1:9', clock });
    const patience = new PortalPatience({ client: nobody, clock, logger: new MemoryLogger(), hasNodes: false });
    const since = clock.monotonic();
    await patience.begin(range).bear(busy(300_000), signal);
    const ask = rejectionOf(nobody.finalizedHead('local', signal), PortalError);
    await clock.whenSleeping();
    await clock.advance(clock.nextWakeMs ?? 0);
    await ask;
    expect(clock.monotonic() - since).to.be.within(120_000, 240_000);
    await nobody.close();
  });

  it('is told after ten seconds of refusals, once for all that is asked for', async () => {
    const patience = begin(true);
    const other = patience.begin({ from: 10, to: 19 });
    for (let at = 0; at < 4; at++) {
      await trouble.bear(busy(6_000), signal);
      await other.bear(busy(6_000), signal);
      expect(logger.messages('warn')).to.have.length(at === 0 ? 0 : 1);
      await clock.advance(6_000);
    }
    expect(logger.messages('warn')).to.deep.equal([
      'the portal portal.example does not give blocks 1 to 9, trying again: HTTP 429',
    ]);
  });
});
