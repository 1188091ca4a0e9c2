import { expect } from 'chai';
import { LiveFeed, type LiveEntry } from '../../src/api/live/live-feed.js';
import { RateHistory } from '../../src/api/live/rate-history.js';
import type { Task } from '../../src/model/task.js';

const entry = (key: string, mark = 'a', value: object = { mark }): LiveEntry => ({ key, value, mark });
const told = (feed: LiveFeed, seen?: string): unknown => {
  const news = feed.since(seen);
  return news === null ? null : [news.event, JSON.parse(news.data)];
};
/** A value as it is told that was read just now. */
const now = (value: object): object => ({ ...value, read_seconds_ago: 0 });

describe('a live feed', () => {
  let feed: LiveFeed;
  let first: string | undefined;
  let clock: number;

  beforeEach(() => {
    clock = 1_000;
    feed = new LiveFeed('one', () => clock);
    feed.show('tasks', [entry('task:1'), entry('task:2')]);
    first = feed.since(undefined)?.id;
  });

  it('tells who is new everything', () => {
    expect(told(feed)).to.deep.equal(['all', { set: { 'task:1': now({ mark: 'a' }), 'task:2': now({ mark: 'a' }) } }]);
  });

  it('tells with each value how long ago it was read, also where it stayed as it was', () => {
    clock = 3_500;
    feed.show('alerts', [entry('alert:1')]);
    expect(told(feed)).to.have.nested.property('1.set.task:1.read_seconds_ago', 2.5);
    expect(told(feed)).to.have.nested.property('1.set.alert:1.read_seconds_ago', 0);
    feed.show('tasks', [entry('task:1'), entry('task:2')], 3_000);
    expect(told(feed)).to.have.nested.property('1.set.task:1.read_seconds_ago', 0.5);
  });

  it('makes what many clients are told at one time once, and anew where something was read since, or time has passed', () => {
    let made = 0;
    const value = { toJSON: () => ++made };
    const counted = { inner: value };
    feed.show('alerts', [entry('alert:1', 'a', counted)]);
    const many = (seen?: string): void => {
      for (let i = 0; i < 200; i++) feed.since(seen);
    };
    many();
    expect(made).to.equal(1);
    many(first);
    expect(made).to.equal(2);
    expect(told(feed, first)).to.have.nested.property('0', 'change');
    expect(told(feed)).to.have.nested.property('0', 'all');
    made = 0;
    feed.show('tasks', [entry('task:1'), entry('task:2')]);
    many();
    expect(made).to.equal(1);
    clock += 2_000;
    expect(told(feed)).to.have.nested.property('1.set.alert:1.read_seconds_ago', 2);
  });

  it('tells who comes back what has changed and what is gone since', () => {
    expect(told(feed, first)).to.equal(null);
    feed.show('tasks', [entry('task:1', 'b')]);
    expect(told(feed, first)).to.deep.equal(['change', { set: { 'task:1': now({ mark: 'b' }) }, drop: ['task:2'] }]);
  });

  it('tells who comes back first that nothing has changed, where that is so', () => {
    const begun = feed.begin(first);
    expect(begun).to.deep.equal({ id: first, event: 'change', data: '{"set":{},"drop":[]}' });
    expect(feed.begin(undefined)).to.deep.equal(feed.since(undefined));
    feed.show('alerts', [entry('alert:1')]);
    expect(feed.begin(first)).to.deep.equal(feed.since(first));
  });

  it('takes no age for news, and tells the newest all the same', () => {
    feed.show('tasks', [entry('task:1', 'a', { age: 9 }), entry('task:2')]);
    expect(told(feed, first)).to.equal(null);
    expect(told(feed)).to.deep.equal(['all', { set: { 'task:1': now({ age: 9 }), 'task:2': now({ mark: 'a' }) } }]);
  });

  it('lets sections alone that nothing is said of', () => {
    feed.show('alerts', [entry('alert:1')]);
    feed.show('alerts', []);
    expect(told(feed, first)).to.deep.equal(['change', { set: {}, drop: ['alert:1'] }]);
  });

  it('tells those who have seen another feed, or a version that is to come, everything', () => {
    for (const seen of ['two-1', 'one-99', 'one-x', 'one-', '-1'])
      expect(told(feed, seen)).to.have.property('0', 'all');
  });

  it('tells who was away for longer than it remembers everything', () => {
    for (let i = 0; i < 1_200; i++) feed.show('alerts', [entry(`alert:${i}`)]);
    expect(told(feed, first)).to.have.property('0', 'all');
  });

  it('wakes who waits at a change, and at the end', async () => {
    const gone = new AbortController();
    const change = feed.changed(gone.signal);
    feed.show('tasks', []);
    await change;
    const end = feed.changed(gone.signal);
    gone.abort();
    await end;
    await feed.changed(gone.signal);
  });
});

describe('the history of rates', () => {
  const task = (events: number, changes: Partial<Task> = {}): Task =>
    ({
      ...{ id: 1, pipelineId: 45, heartbeatAgeSeconds: 1 },
      progress: { mode: 'realtime', nextBlock: 10, targetBlock: null, headBlock: 12, events },
      ...changes,
    }) as Task;

  it('knows no rate at first, then events a second', () => {
    const history = new RateHistory();
    history.note([task(100)], 0);
    history.note([task(200)], 10_000);
    expect(history.rates().get(45)).to.deep.equal([null, 10]);
    expect(history.of(1)).to.deep.equal({
      times: [0, 10],
      events: [100, 200],
      next_block: [10, 10],
      lag_blocks: [2, 2],
    });
  });

  it('takes no more than a sample each ten seconds', () => {
    const history = new RateHistory();
    expect([0, 1_000, 9_000, 10_000].map((at) => history.note([task(1)], at))).to.deep.equal([
      true,
      false,
      false,
      true,
    ]);
  });

  it('counts all that a task has done that began under its eyes', () => {
    const history = new RateHistory();
    history.note([], 0);
    history.note([task(50)], 10_000);
    expect(history.rates().get(45)).to.deep.equal([5]);
  });

  it('counts what a shard has read once: not again when it joins', () => {
    const history = new RateHistory();
    const shard = task(5_000, { id: 2, shard: 2 });
    const own = task(0);
    history.note([own], 0);
    history.note([own, shard], 10_000);
    const joined = { ...own, progress: { ...own.progress!, events: 5_020, joined: 5_000 } };
    history.note([joined], 20_000);
    expect(history.rates().get(45)).to.deep.equal([null, 500, 2]);
    expect(history.of(1).events).to.deep.equal([0, 0, 20]);
  });

  it('shows the end of a task as no events, and forgets its pipeline after a while', () => {
    const history = new RateHistory();
    history.note([task(1)], 0);
    history.note([task(11)], 10_000);
    for (let step = 2; step < 70; step++) history.note([], step * 10_000);
    expect(history.rates().has(45)).to.equal(false);
  });

  it('keeps a bounded number of samples over a whole life', () => {
    const history = new RateHistory();
    for (let step = 0; step < 20_000; step++) history.note([task(step)], step * 10_000);
    const { times } = history.of(1);
    expect(times[0]).to.equal(0);
    expect(times.length).to.be.within(300, 601);
    expect([...times].sort((a, b) => a - b)).to.deep.equal(times);
  });

  it('remembers of five minutes one heartbeat', () => {
    const history = new RateHistory();
    for (let step = 0; step < 62; step++) history.note([task(step)], step * 10_000);
    expect(history.beats(1)).to.deep.equal([-1, 299, 599]);
  });

  it('remembers no heartbeat of the future, which would hide those that come', () => {
    const history = new RateHistory();
    history.note([task(1, { heartbeatAgeSeconds: -3_540 })], 0);
    history.note([task(1)], 10_000);
    expect(history.beats(1)).to.deep.equal([9]);
  });

  it('forgets those that have not run for the longest where there are too many', () => {
    const history = new RateHistory();
    for (let id = 1; id <= 600; id++) history.note([task(1, { id })], id * 10_000);
    expect(history.of(1).times).to.deep.equal([]);
    expect(history.of(600).times).to.have.length(1);
  });
});
