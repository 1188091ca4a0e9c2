import { expect } from 'chai';
import { PortalHealth } from '../../../src/chain/portal/portal-health.js';
import { PortalError } from '../../../src/chain/portal/portal-error.js';
import { PortalFailedError } from '../../../src/chain/portal/portal-trouble.js';
import { ChainSimulator } from '../../support/chain-simulator.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { MessageLedger } from '../../support/message-ledger.js';
import { runMonitor } from '../../support/monitor-run.js';
import { portalOf } from '../../support/portal-of-chain.js';
import { PortalServer } from '../../support/portal-server.js';
import type { PortalFault } from '../../support/portal-server.js';
import { rejectionOf } from '../../support/rejection.js';

const config = { portalDataset: 'local-31337', batchSize: 20 } as const;
const cut: PortalFault = { kind: 'status', status: 502 };
const html = '<html>Please log in</html>';
const page: PortalFault = { kind: 'lines', change: () => [html] };
const limit: PortalFault = { kind: 'status', status: 429, retryAfter: '6' };

describe('how a portal is to a run that has nothing else', () => {
  let node: ChainSimulator;
  let portal: PortalServer;
  let clock: HastyClock;
  let health: PortalHealth;

  beforeEach(async () => {
    node = await ChainSimulator.start({ sealed: true });
    node.mine(200);
    portal = await PortalServer.start({ data: portalOf(node) });
    clock = new HastyClock();
    health = new PortalHealth('portal.example', clock);
  });
  afterEach(() => Promise.all([node.stop(), portal.stop()]));

  const run = (portalUrl = portal.url): Promise<void> =>
    runMonitor({
      ...{ urls: [], portalUrl, portalHealth: health, ledger: new MessageLedger(), config },
      context: { clock },
    });
  /** The streams of logs end like this, one after the other; returns how the portal was as each was asked for. */
  const play = async (faults: readonly (PortalFault | undefined)[]): Promise<object[]> => {
    const seen: object[] = [];
    portal.options = {
      ...portal.options,
      fault: ({ logs }) => {
        if (logs === undefined || seen.length >= faults.length) return undefined;
        const { latestFailed, isLimited, lastError } = health.report();
        seen.push([latestFailed, isLimited, lastError]);
        return faults[seen.length - 1];
      },
    };
    await run();
    return seen;
  };

  it('is what its latest answer says', async () => {
    const [well, away] = [
      [false, false, null],
      [true, false, 'HTTP 502'],
    ];
    expect(await play([cut, undefined])).to.deep.equal([well, away]);
    expect(health.report()).to.deep.include({
      name: 'portal portal.example',
      latestFailed: false,
      lastError: 'HTTP 502',
    });
    expect(health.report().results).to.deep.include({ failed: 1 });
  });

  it('is no fault where it is asked too often, or has nothing of a block yet', async () => {
    const seen = await play([cut, limit, cut, { kind: 'nothing' }, undefined]);
    expect(seen.slice(1)).to.deep.equal([
      [true, false, 'HTTP 502'],
      [false, true, 'HTTP 429'],
      [true, false, 'HTTP 502'],
      [false, false, 'HTTP 502'],
    ]);
  });

  it('is a fault where it has no room, or gives a page in place of blocks', async () => {
    const seen = await play([{ kind: 'status', status: 503, body: 'no workers' }, page, undefined]);
    expect(seen.slice(1)).to.deep.equal([
      [true, false, 'HTTP 503 no workers'],
      [true, false, 'a line of the answer is no JSON object: Please log in'],
    ]);
  });

  it('is a fault where nobody can be reached', async () => {
    await rejectionOf(run('http://127.0.0.1:9'), PortalFailedError);
    expect(health.report()).to.include({ latestFailed: true, isLimited: false });
    expect(health.report().results['answer']).to.equal(0);
    expect(health.report().lastError).to.match(/ECONNREFUSED/);
  });

  it('is not known any more once nothing has been asked for minutes; that it is away stays', () => {
    expect(health.report().state).to.equal('idle');
    health.answered();
    clock.sleptMs += 300_000;
    expect(health.report().state).to.equal('closed');
    clock.sleptMs++;
    expect(health.report()).to.deep.include({ state: 'idle', results: { answer: 1, failed: 0 } });
    health.failed(new PortalError('HTTP 502', { class: 'away' }));
    clock.sleptMs += 3_600_000;
    expect(health.report()).to.deep.include({ state: 'closed', latestFailed: true });
  });
});
