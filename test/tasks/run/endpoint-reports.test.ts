import { expect } from 'chai';
import type { EndpointReport } from '../../../src/chain/transport/endpoints/endpoint-report.js';
import type { EndpointSession, ReportedEndpoint } from '../../../src/database/operations/endpoint-store.js';
import { reportEndpoints } from '../../../src/tasks/run/endpoint-reports.js';
import { FakeClock, settle } from '../../support/fake-clock.js';

const well: EndpointReport = {
  ...{
    name: 'rpc-1.example',
    state: 'closed',
    headMs: 10,
    logsMs: 20,
    headAgeMs: 1_000,
    headWaitMs: 0,
    headPatienceMs: 10_000,
    waitMs: 0,
    errorRate: 0,
    latestFailed: false,
  },
  ...{
    inFlight: 1,
    isLimited: false,
    maxInFlight: null,
    maxPerSecond: null,
    refusedShare: 0,
    historyBegins: 0,
    newestBlock: 100,
    lastError: null,
    lastErrorAgeMs: null,
  },
  results: { answer: 7 },
};

describe('the reports of a run on its endpoints', () => {
  let clock: FakeClock;
  let told: { readonly session: EndpointSession; readonly endpoints: readonly ReportedEndpoint[] }[];
  let done: string[];
  let health: EndpointReport[];
  let answer: () => Promise<boolean>;

  beforeEach(() => {
    clock = new FakeClock();
    [told, done, health] = [[], [], [well]];
    answer = () => Promise.resolve(true);
  });

  const watch = (): (() => Promise<void>) => {
    const store = {
      report: (session: EndpointSession, endpoints: readonly ReportedEndpoint[]) => {
        told.push({ session, endpoints });
        return answer();
      },
      end: ({ session }: EndpointSession) => {
        done.push(`end ${session}`);
        return answer();
      },
      prune: () => {
        done.push('prune');
        return answer();
      },
    };
    const mask = (text: string): string => text.replaceAll('secret', '***');
    return reportEndpoints({ store, worker: { name: 'host-1:10', identity: 'boot/10' }, clock, mask })(1, () => health);
  };
  const states = (): unknown => told.map(({ endpoints }) => endpoints.map(({ state }) => state));

  it('begin some seconds after it, and come every 15 s while nothing changes', async () => {
    const end = watch();
    await clock.advance(2_900);
    expect(told).to.have.length(0);
    await clock.advance(200);
    expect(told).to.have.length(1);
    await clock.advance(60_000);
    expect(told).to.have.length(5);
    expect(done).to.deep.equal(['prune']);
    await end();
  });

  it('tell at the next look what has changed, and no more often than that', async () => {
    const end = watch();
    await clock.advance(3_000);
    health = [{ ...well, state: 'open' }];
    await clock.advance(3_000);
    for (let turn = 0; turn < 300; turn++) {
      health = [{ ...well, state: turn % 2 === 1 ? 'closed' : 'open' }];
      await clock.advance(10);
    }
    expect(states()).to.deep.equal([['healthy'], ['resting'], ['healthy']]);
    await end();
  });

  it('say how an endpoint is in one word', async () => {
    const cases: [Partial<EndpointReport>, string][] = [
      [{}, 'healthy'],
      [{ results: {} }, 'unasked'],
      [{ state: 'idle' }, 'unasked'],
      // Whoever comes back from an outage is asked by one first.
      [{ maxInFlight: 1 }, 'healthy'],
      [{ isLimited: true, maxPerSecond: 10 }, 'limited'],
      [{ errorRate: 0.6, isLimited: true }, 'failing'],
      [{ errorRate: 0.2, latestFailed: true }, 'failing'],
      // A node may be frozen, and its connections open.
      [{ headWaitMs: 9_900 }, 'healthy'],
      [{ headWaitMs: 10_000, results: {} }, 'failing'],
      // It may be asked for nothing but old logs, which take longer at some.
      [{ waitMs: 19_900 }, 'healthy'],
      [{ waitMs: 20_000 }, 'failing'],
      [{ waitMs: 20_000, logsMs: null, results: {} }, 'failing'],
      [{ waitMs: 29_000, logsMs: 15_000 }, 'healthy'],
      [{ waitMs: 30_000, logsMs: 15_000 }, 'failing'],
      [{ errorRate: 0.6, state: 'open', results: {} }, 'resting'],
      [{ state: 'half-open' }, 'resting'],
      [{ state: 'wrong chain' }, 'wrong_chain'],
    ];
    health = cases.map(([change]) => ({ ...well, ...change }));
    const end = watch();
    await clock.advance(3_000);
    expect(states()).to.deep.equal([cases.map(([, state]) => state)]);
    await end();
  });

  it('tell of a call for the head only where one that fails has answered such calls since it does', async () => {
    const refusing = { ...well, latestFailed: true };
    const end = watch();
    const headMs = async (report: EndpointReport): Promise<unknown> => {
      health = [report];
      await clock.advance(15_000);
      return told.at(-1)?.endpoints[0]?.headMs;
    };
    expect(await headMs({ ...refusing, headAgeMs: 20_000 })).to.equal(null);
    expect(await headMs({ ...refusing, headAgeMs: 35_000 })).to.equal(null);
    expect(await headMs({ ...refusing, headAgeMs: 1_000 })).to.equal(10);
    for (let i = 0; i < 4; i++) await headMs(refusing);
    expect(await headMs({ ...refusing, headAgeMs: 61_000 })).to.equal(null);
    expect(await headMs({ ...refusing, headAgeMs: null })).to.equal(null);
    expect(await headMs(well)).to.equal(10);
    await end();
  });

  it('tell since when an endpoint has answered no call for the head, and not since it was given up', async () => {
    const end = watch();
    const muteSeconds = async (change: Partial<EndpointReport>): Promise<unknown> => {
      health = [{ ...well, ...change }];
      await clock.advance(3_000);
      return told.at(-1)?.endpoints[0]?.muteSeconds;
    };
    expect(await muteSeconds({ headWaitMs: 9_000 })).to.equal(null);
    expect(await muteSeconds({ headWaitMs: 12_000, headAgeMs: 13_000 })).to.equal(12);
    expect(told.at(-1)?.endpoints[0]).to.include({
      headMs: null,
      lastError: 'no answer to a call for the head for 12 s',
    });
    expect(await muteSeconds({ headWaitMs: 3_000, headPatienceMs: 3_001 }), 'within its patience').to.equal(null);
    expect(await muteSeconds({ headWaitMs: 3_001, headPatienceMs: 3_001 })).to.equal(3);
    expect(await muteSeconds({})).to.equal(null);
    expect(await muteSeconds({ headWaitMs: 12_000, headAgeMs: 13_000 })).to.equal(12);
    // It is given up, and the next one waits.
    expect(await muteSeconds({ latestFailed: true, state: 'open' })).to.equal(15);
    expect(await muteSeconds({})).to.equal(null);
    expect(await muteSeconds({ waitMs: 19_000 }), 'many logs take their time').to.equal(null);
    expect(await muteSeconds({ waitMs: 23_000 })).to.equal(23);
    expect(told.at(-1)?.endpoints[0]).to.include({ lastError: 'no answer to any call for 23 s' });
    await end();
  });

  it('blame no endpoint for a call that waited while the process was suspended', async () => {
    const end = watch();
    await clock.advance(3_000);
    health = [{ ...well, headWaitMs: 62_000, waitMs: 62_000 }];
    await clock.jump({ monotonicMs: 60_000 });
    expect(states()).to.deep.equal([['healthy'], ['healthy']]);
    await clock.advance(3_000);
    expect(states()).to.deep.equal([['healthy'], ['healthy'], ['failing']]);
    await end();
  });

  it('count requests, and tell the last error in one line, without secrets, cut short', async () => {
    const lastError = `secret\r\n\u001b ${'x'.repeat(2_000)}`;
    health = [{ ...well, results: { answer: 7, 'rate-limit': 2, internal: 1 }, lastError, lastErrorAgeMs: 12_400 }];
    const end = watch();
    await clock.advance(3_000);
    const [endpoint] = told[0]?.endpoints ?? [];
    expect(endpoint).to.include({ requests: 10, failures: 3, lastErrorSeconds: 12, newestBlock: 100, headMs: 10 });
    expect(endpoint?.lastError)
      .to.match(/^\*\*\* {2}x+$/)
      .and.have.length(500);
    await end();
  });

  it('that are lost are told with the next look', async () => {
    answer = () => Promise.resolve(false);
    const end = watch();
    await clock.advance(5_000);
    expect(told).to.have.length(3);
    expect(done).to.deep.equal([]);
    answer = () => Promise.resolve(true);
    await clock.advance(6_000);
    expect(told).to.have.length(4);
    await end();
  });

  it('of each chain that is opened are of a session of its own, and are taken back at its end', async () => {
    const ends = [watch(), watch()];
    await clock.advance(3_000);
    const [one, other] = told.map(({ session }) => session);
    expect(one).to.deep.include({ chainId: 1, worker: { name: 'host-1:10', identity: 'boot/10' } });
    expect(one?.session).not.to.equal(other?.session);
    await ends[0]?.();
    expect(done.filter((text) => text.startsWith('end'))).to.deep.equal([`end ${String(one?.session)}`]);
    await clock.advance(60_000);
    expect(new Set(told.slice(2).map(({ session }) => session))).to.deep.equal(new Set([other]));
    await ends[1]?.();
  });

  it('that were never made are not taken back', async () => {
    await watch()();
    expect([told, done]).to.deep.equal([[], []]);
  });

  it('do not hold up the end of a run whose database hangs', async () => {
    answer = () => new Promise(() => undefined);
    const end = watch();
    await clock.advance(30_000);
    expect(told).to.have.length(1);
    let isOver = false;
    const ended = end().then(() => (isOver = true));
    await clock.advance(400);
    expect(isOver).to.equal(false);
    await clock.advance(100);
    await settle();
    await ended;
    expect(clock.sleeping).to.equal(0);
  });
});
