import { expect } from 'chai';
import { heartbeatFailing, pipelineHangs } from '../../../src/tasks/alerts/alert-conditions.js';
import { AlertFixture } from './alert-fixture.js';

const task = { taskId: 123, pipelineId: 45 };
const key = 'pipeline_stalled:pipeline 45';

describe('the alert desk', () => {
  let fixture: AlertFixture;

  beforeEach(() => (fixture = new AlertFixture()));

  it('tells an alert that the database calls new, and none that stands already', async () => {
    fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
    expect(await fixture.told()).to.deep.equal([`alert.raised ${key}`]);
    fixture.desk.raise(pipelineHangs(task, 360, 'host-1:4711'));
    expect(await fixture.told()).to.deep.equal([]);
    expect(fixture.logger.lines).to.deep.equal([
      'warn: alert raised: pipeline 45 has not moved for 5 min: task 123 on host-1:4711 stops beating (pipeline_stalled)',
    ]);
  });

  it('tells it again where the database says that this is due', async () => {
    fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
    await fixture.told();
    fixture.standing = 'repeated';
    fixture.desk.raise(pipelineHangs(task, 4_000, 'host-1:4711'));
    expect(await fixture.told()).to.deep.equal([`alert.repeated ${key}`]);
  });

  it('says of what is raised again as it stands that it has been so ever since', async () => {
    fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
    await fixture.told();
    await fixture.clock.advance(400_000);
    fixture.open.clear();
    for (const condition of fixture.desk.standing) fixture.desk.raise(condition);
    await fixture.told();
    expect(fixture.open.get(key)?.sinceSeconds).to.equal(700);
    await fixture.clock.advance(50_000);
    for (const condition of fixture.desk.standing) fixture.desk.raise(condition);
    await fixture.told();
    expect(fixture.open.get(key)?.sinceSeconds).to.equal(750);
  });

  it('tells nothing of an alert that another process has raised', async () => {
    fixture.open.set(key, pipelineHangs(task, 300, 'host-1:4711'));
    fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
    expect(await fixture.told()).to.deep.equal([]);
  });

  it('tells that an alert is over, where it cleared it, with a message of its own', async () => {
    fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
    await fixture.told();
    fixture.desk.clear(key, 'task 123 moves again');
    fixture.desk.clear(key, 'task 123 moves again');
    await fixture.told().then((told) => expect(told).to.deep.equal([`alert.cleared ${key}`]));
    expect(fixture.logger.lines.at(-1)).to.equal('info: alert cleared: task 123 moves again (pipeline_stalled)');
    expect(fixture.desk.standing).to.deep.equal([]);
  });

  it('says what it is about in the message, without secrets', async () => {
    fixture.desk.raise(heartbeatFailing(task, 3, 'refused for hunter2'));
    await fixture.clock.advance(0);
    const [message] = fixture.posted;
    expect(message?.id).to.match(/^msg_[0-9a-f]{32}$/);
    expect(message).to.deep.include({ type: 'alert.raised', timestamp: '2024-01-15T10:00:00.000Z' });
    expect(message?.data).to.deep.include({
      alert_id: 7,
      key: 'heartbeat_failing:task 123',
      rule: 'heartbeat_failing',
      subject: 'task 123',
      state: 'open',
      message: '3 heartbeats of task 123 (pipeline 45) in a row have failed: refused for ***',
      task_id: 123,
      pipeline_id: 45,
      worker: 'here:1',
      open_seconds: 0,
    });
  });

  describe('while the database is away', () => {
    beforeEach(() => {
      fixture.isAway = true;
      fixture.desk.databaseAway();
    });

    it('tells an alert without asking it, once, and again when that is due', async () => {
      for (let i = 0; i < 3; i++) fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
      expect(await fixture.told()).to.deep.equal([`alert.raised ${key}`]);
      await fixture.clock.advance(3_600_000);
      for (let i = 0; i < 3; i++) fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
      expect(await fixture.told()).to.deep.equal([`alert.repeated ${key}`]);
      expect(fixture.asked).to.deep.equal([]);
    });

    it('stores it when the database is back, and does not tell it anew', async () => {
      fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
      await fixture.told();
      fixture.isAway = false;
      fixture.desk.databaseBack();
      expect(await fixture.told()).to.deep.equal([]);
      expect([...fixture.open.keys()]).to.deep.equal([key]);
    });

    it('raises nothing again that the database had before, and that others may have cleared meanwhile', async () => {
      fixture.isAway = false;
      fixture.desk.databaseBack();
      fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
      await fixture.told();
      fixture.desk.databaseAway();
      fixture.open.clear();
      fixture.desk.databaseBack();
      expect(await fixture.told()).to.deep.equal([]);
      expect([...fixture.open.keys()]).to.deep.equal([]);
    });

    it('does not send late that it is so once it is over', async () => {
      fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
      await fixture.told();
      expect(await fixture.posting.isCurrent?.()).to.equal(true);
      fixture.desk.clear(key, 'task 123 moves again');
      expect(await fixture.posting.isCurrent?.()).to.equal(false);
    });

    it('keeps what is over by then as something that was, and tells that it is over', async () => {
      fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
      await fixture.clock.advance(50_000);
      fixture.desk.clear(key, 'task 123 moves again');
      await fixture.clock.advance(10_000);
      expect(await fixture.told()).to.deep.equal([`alert.raised ${key}`]);
      fixture.isAway = false;
      fixture.desk.databaseBack();
      expect(await fixture.told()).to.deep.equal([`alert.cleared ${key}`]);
      expect(fixture.asked).to.deep.equal([`record 60-10 ${key}`]);
    });
  });

  it('tells an alert all the same where the database fails it', async () => {
    fixture.isAway = true;
    fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
    expect(await fixture.told()).to.deep.equal([`alert.raised ${key}`]);
    expect(fixture.logger.lines.at(-1)).to.equal('warn: an alert could not be stored: gone');
    fixture.isAway = false;
    fixture.desk.raise(pipelineHangs(task, 360, 'host-1:4711'));
    expect(await fixture.told()).to.deep.equal([]);
    expect([...fixture.open.keys()]).to.deep.equal([key]);
  });

  describe('told of what the database could not store, and knowing no more of it', () => {
    const rules = new Set(['pipeline_stalled'] as const);

    beforeEach(async () => {
      fixture.isAway = true;
      fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
      expect(await fixture.told()).to.deep.equal([`alert.raised ${key}`]);
    });

    it('stores it as soon as it can, so that whoever finds it over can say so', async () => {
      fixture.desk.forgetOthers(rules, new Set());
      await fixture.told();
      expect(fixture.desk.standing).to.deep.equal([]);
      expect([...fixture.open.keys()]).to.deep.equal([]);
      fixture.isAway = false;
      fixture.desk.forgetOthers(rules, new Set());
      expect(await fixture.told()).to.deep.equal([]);
      expect([...fixture.open.keys()]).to.deep.equal([key]);
      fixture.desk.clear(key, 'pipeline 45 works again');
      expect(await fixture.told()).to.deep.equal([`alert.cleared ${key}`]);
    });

    it('stores it when the database is back, where its own task ended while that was away', async () => {
      fixture.desk.databaseAway();
      fixture.desk.forget(key);
      fixture.isAway = false;
      fixture.desk.databaseBack();
      expect(await fixture.told()).to.deep.equal([]);
      expect([...fixture.open.keys()]).to.deep.equal([key]);
    });

    it('does not tell it twice where it is found again before it could be stored', async () => {
      fixture.desk.forget(key);
      fixture.desk.raise(pipelineHangs({ ...task, taskId: 124 }, 5, 'host-1:4711'));
      expect(await fixture.told()).to.deep.equal([]);
      expect(fixture.desk.standing).to.have.length(1);
    });

    it('calls it over where that failed, and does not raise it again', async () => {
      fixture.desk.forget(key);
      await fixture.told();
      fixture.desk.clear(key, 'pipeline 45 works again');
      expect(await fixture.told()).to.deep.equal([]);
      fixture.isAway = false;
      fixture.desk.forgetOthers(rules, new Set());
      expect(await fixture.told()).to.deep.equal([`alert.cleared ${key}`]);
      expect([...fixture.open.keys()]).to.deep.equal([]);
    });

    it('stores it once, and does not raise again what others have cleared by then', async () => {
      fixture.isAway = false;
      fixture.desk.forget(key);
      await fixture.told();
      fixture.open.clear();
      fixture.desk.forgetOthers(rules, new Set());
      await fixture.told();
      expect([...fixture.open.keys()]).to.deep.equal([]);
    });
  });

  it('calls over what it told without the database of the beats of a task that has ended', async () => {
    fixture.isAway = true;
    fixture.desk.raise(heartbeatFailing(task, 3, 'gone'));
    await fixture.told();
    fixture.isAway = false;
    fixture.ended.add(task.taskId);
    fixture.desk.forget('heartbeat_failing:task 123');
    expect(await fixture.told()).to.deep.equal(['alert.cleared heartbeat_failing:task 123']);
  });

  it('calls it over once, however often it was tried while the database was slow', async () => {
    fixture.isAway = true;
    fixture.desk.raise(heartbeatFailing(task, 3, 'gone'));
    await fixture.told();
    fixture.desk.databaseAway();
    fixture.desk.forget('heartbeat_failing:task 123');
    fixture.isAway = false;
    fixture.ended.add(task.taskId);
    fixture.desk.databaseBack();
    for (let times = 0; times < 2; times++) fixture.desk.forgetOthers(new Set(), new Set());
    expect(await fixture.told()).to.deep.equal(['alert.cleared heartbeat_failing:task 123']);
  });

  describe('where another process has cleared an alert', () => {
    const clearedByAnother = async (): Promise<void> => {
      await fixture.told();
      fixture.open.clear();
      await fixture.clock.advance(600_000);
    };

    it('raises it anew when it is so again, from when it is so again', async () => {
      fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
      await clearedByAnother();
      fixture.desk.raise(pipelineHangs({ ...task, taskId: 124 }, 5, 'host-1:4711'));
      await fixture.clock.advance(0);
      expect(fixture.posted.map(({ type }) => type)).to.deep.equal(['alert.raised']);
      expect(fixture.posted[0]?.data).to.include({ task_id: 124, open_seconds: 0, since_seconds: 5 });
      expect(fixture.open.get(key)).to.include({ sinceSeconds: 5 });
      await fixture.clock.advance(10_000);
      fixture.isAway = true;
      fixture.desk.databaseAway();
      await fixture.told();
      fixture.desk.raise(pipelineHangs({ ...task, taskId: 124 }, 15, 'host-1:4711'));
      await fixture.clock.advance(3_600_000);
      fixture.desk.raise(pipelineHangs({ ...task, taskId: 124 }, 3_615, 'host-1:4711'));
      expect(fixture.posted.map(({ data }) => data.open_seconds)).to.deep.equal([3_610]);
    });

    it('tells it when it is so again, though it told it without the database before', async () => {
      fixture.isAway = true;
      fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
      await fixture.told();
      fixture.isAway = false;
      fixture.desk.raise(pipelineHangs(task, 310, 'host-1:4711'));
      await clearedByAnother();
      fixture.desk.raise(pipelineHangs({ ...task, taskId: 124 }, 5, 'host-1:4711'));
      expect(await fixture.told()).to.deep.equal([`alert.raised ${key}`]);
    });
  });

  describe('of which no channel takes anything', () => {
    it('puts the alert back, and logs it once, however often it is told', async () => {
      for (let i = 0; i < 3; i++) {
        fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
        expect(await fixture.told()).to.deep.equal([`alert.raised ${key}`]);
        expect(fixture.posting.isKnown).to.equal(i > 0);
        fixture.posting.onUntaken?.();
        fixture.standing = 'raised';
      }
      await fixture.desk.whenIdle();
      expect(fixture.asked.filter((asked) => asked === 'put back 7')).to.have.length(3);
      expect(fixture.logger.lines).to.have.length(1);
    });

    it('tells it again without the database, and puts back the row that it has by then', async () => {
      fixture.desk.databaseAway();
      for (let i = 0; i < 2; i++) {
        fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
        expect(await fixture.told()).to.deep.equal([`alert.raised ${key}`]);
        if (i === 0) fixture.posting.onUntaken?.();
      }
      fixture.desk.databaseBack();
      fixture.posting.onUntaken?.();
      await fixture.desk.whenIdle();
      expect(fixture.asked).to.deep.equal([`raise ${key}`, 'put back 7']);
    });
  });

  it('says of what goes late whether it is still so by the database’s rows', async () => {
    fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
    await fixture.told();
    const raised = fixture.posting;
    expect(await raised.isCurrent?.()).to.equal(true);
    fixture.desk.clear(key, 'task 123 moves again');
    await fixture.told();
    expect(await raised.isCurrent?.()).to.equal(false);
    expect(await fixture.posting.isCurrent?.()).to.equal(true);
    fixture.open.set(key, pipelineHangs(task, 300, 'host-1:4711'));
    expect(await fixture.posting.isCurrent?.()).to.equal(false);
    fixture.open.clear();
    fixture.desk.databaseAway();
    fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
    expect(await fixture.posting.isCurrent?.()).to.equal(true);
  });

  it('tells that an alert is over to whom it was sent and perhaps did not come, not where it was muted', async () => {
    for (const isQuiet of [false, true]) {
      fixture.open.set(key, pipelineHangs(task, 300, 'host-1:4711'));
      fixture.row = { notifications: 0, isQuiet };
      fixture.desk.clear(key, 'over');
      expect(await fixture.told()).to.deep.equal(isQuiet ? [] : [`alert.cleared ${key}`]);
    }
  });

  it('tells an alert anew that comes back', async () => {
    for (let i = 0; i < 2; i++) {
      fixture.desk.raise(pipelineHangs(task, 300, 'host-1:4711'));
      fixture.desk.clear(key, 'over');
    }
    const round = [`alert.raised ${key}`, `alert.cleared ${key}`];
    expect(await fixture.told()).to.deep.equal([...round, ...round]);
  });
});
