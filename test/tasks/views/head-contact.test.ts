import { expect } from 'chai';
import type { EndpointState, RpcEndpoint } from '../../../src/model/rpc-endpoint.js';
import type { Task } from '../../../src/model/task.js';
import { HeadContact } from '../../../src/tasks/views/head-contact.js';

const task = { id: 1, status: 0, worker: 'h:1', workerIdentity: 'boot/1' } as Task;
const report = (state: EndpointState, lastErrorTime: string | null, changes: Partial<RpcEndpoint> = {}): RpcEndpoint =>
  ({
    name: 'node.example',
    state,
    lastErrorTime,
    worker: 'h:1',
    ageSeconds: 5,
    updateTime: '2024-01-15T10:00:30',
    muteSince: null,
    workerIdentity: 'boot/1',
    ...changes,
  }) as RpcEndpoint;

describe('what is known of the head of a running task', () => {
  let contact: HeadContact;
  const since = (...endpoints: readonly RpcEndpoint[]): string | null => {
    contact.note([task], endpoints);
    return contact.unknownSince(1);
  };
  beforeEach(() => (contact = new HeadContact(30)));

  it('is unknown of a task that is silent, since its last beat, whatever its nodes last reported', () => {
    const lastHeartbeat = '2024-01-15T10:05:30';
    const silent = { ...task, lastHeartbeat, heartbeatInterval: null, silentSeconds: 91 } as Task;
    contact.note([{ ...silent, silentSeconds: 90 }], [report('healthy', null)]);
    expect(contact.unknownSince(1)).to.equal(null);
    contact.note([silent], [report('healthy', null)]);
    expect(contact.unknownSince(1)).to.equal(lastHeartbeat);
    contact.note([{ ...silent, heartbeatInterval: 60 }], []);
    expect(contact.unknownSince(1)).to.equal(null);
  });

  it('is unknown of a task that says so itself, as long as it says so', () => {
    const progress = { lagUnknownSince: '2024-01-15T10:05:30' };
    const waits = {
      ...task,
      lastHeartbeat: '2024-01-15T10:06:00',
      heartbeatInterval: 30,
      silentSeconds: 5,
      progress,
    } as Task;
    contact.note([waits], [report('healthy', null)]);
    expect(contact.unknownSince(1)).to.equal('2024-01-15T10:05:30');
    contact.note([{ ...waits, silentSeconds: 91 }], []);
    expect(contact.unknownSince(1)).to.equal('2024-01-15T10:05:30');
    contact.note([{ ...waits, progress: null }], []);
    expect(contact.unknownSince(1)).to.equal(null);
    contact.note([{ ...waits, status: 2 }], []);
    expect(contact.unknownSince(1)).to.equal(null);
  });

  it('is not known by a portal, which tells of no head', () => {
    const since1 = { muteSince: '2024-01-15T10:00:01' };
    const portal = report('healthy', null, { name: 'portal sqd.example' });
    expect(since(report('resting', null, since1), portal)).to.equal('2024-01-15T10:00:01');
    expect(since({ ...portal, ...since1, state: 'failing' })).to.equal(null);
  });

  it('is unknown since the last endpoint fell silent, where that is reported', () => {
    const [a, b] = ['2024-01-15T10:00:01', '2024-01-15T10:00:09'].map((muteSince) => ({ muteSince }));
    expect(since(report('resting', null, a), report('resting', null, b))).to.equal('2024-01-15T10:00:09');
  });

  it('goes by the endpoints of its own chain, where a process asks several', () => {
    const other = report('healthy', null, { chainId: 56 });
    const own = report('resting', '2024-01-15T10:00:10', { chainId: 1 });
    const mine = { ...task, pipelineId: 45 };
    contact.note([mine], [own, other]);
    expect(contact.unknownSince(1)).to.equal(null);
    contact.note([mine], [own, other], new Map([[45, 1]]));
    expect(contact.unknownSince(1)).to.equal('2024-01-15T10:00:10');
  });

  it('is unknown from the first failure on that was told while no endpoint answers', () => {
    expect(since(report('resting', '2024-01-15T10:00:20'), report('wrong_chain', '2024-01-15T10:00:10'))).to.equal(
      '2024-01-15T10:00:10',
    );
    // The failures go on; since when it is so stays.
    expect(since(report('resting', '2024-01-15T10:05:00'))).to.equal('2024-01-15T10:00:10');
    expect(since(report('healthy', '2024-01-15T10:05:00'))).to.equal(null);
    expect(since(report('failing', '2024-01-15T10:07:00'))).to.equal('2024-01-15T10:07:00');
  });

  it('is known while one endpoint answers, and where only others, or old reports, say otherwise', () => {
    const failure = '2024-01-15T10:00:20';
    expect(since(report('resting', failure), report('limited', failure))).to.equal(null);
    expect(since(report('resting', failure, { worker: 'h:2' }))).to.equal(null);
    expect(since(report('resting', failure, { ageSeconds: 60 }))).to.equal(null);
    expect(since()).to.equal(null);
  });

  it('goes by the reports of its own process, where one of another container has the same name', () => {
    const own = report('resting', '2024-01-15T10:00:20');
    const other = report('healthy', null, { workerIdentity: 'boot/2' });
    expect(since(own, other)).to.equal('2024-01-15T10:00:20');
    expect(since(report('healthy', null), report('resting', null, { workerIdentity: 'boot/2' }))).to.equal(null);
    // Older versions do not say which process reports.
    expect(since(own, report('healthy', null, { workerIdentity: null }))).to.equal(null);
  });

  it('is no matter of tasks that have ended', () => {
    contact.note([{ ...task, status: 1 }], [report('resting', '2024-01-15T10:00:20')]);
    expect(contact.unknownSince(1)).to.equal(null);
  });
});
