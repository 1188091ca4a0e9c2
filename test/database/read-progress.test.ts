import { expect } from 'chai';
import { readProgress } from '../../src/database/read-progress.js';
import { selectTasks } from '../../src/database/tasks/task-rows.js';
import { eachDatabase } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';

const none = { mode: 'realtime', nextBlock: null, targetBlock: null, headBlock: null, events: 0 };

/** What programs in other languages might write. */
const foreign = ['50%', '', '5', 'null', '[1]', '"half"', '{"done":5}', '{"mode":"batch","events":5}', '{"mode":'];

describe('the progress that a task’s row tells', () => {
  it('is what this program writes', () => {
    const progress = { ...none, nextBlock: 12, targetBlock: 20, headBlock: 15, readableBlock: 14, events: 4_711 };
    expect(readProgress(JSON.stringify(progress))).to.deep.equal(progress);
    const joined = { ...progress, joined: 4_000 };
    expect(readProgress(JSON.stringify(joined))).to.deep.equal(joined);
    const unknown = { ...progress, mode: 'historical', lagUnknownSince: '2026-01-02T03:04:05' };
    expect(readProgress(JSON.stringify(unknown))).to.deep.equal(unknown);
    const missing = { ...progress, withoutCode: ['0xAB'] };
    expect(readProgress(JSON.stringify(missing))).to.deep.equal(missing);
  });

  it('says since when nobody knows how far behind it is, by the beat that told for how long', () => {
    const told = JSON.stringify({ ...none, lagUnknownSeconds: 90 });
    const since = (text: string, beatAt: string | null): unknown => readProgress(text, beatAt)?.lagUnknownSince;
    expect(since(told, '2026-01-02 03:04:05.678')).to.equal('2026-01-02T03:02:35');
    expect(since(told, null)).to.equal(undefined);
    expect(since(told, 'no time')).to.equal('noTtime');
    const long = JSON.stringify({ ...none, lagUnknownSeconds: Number.MAX_SAFE_INTEGER });
    expect(since(long, '2026-01-02 03:04:05')).to.equal('2026-01-02T03:04:05');
  });

  it('is none where there is none, or another program has written what is none', () => {
    for (const text of [null, ...foreign]) expect(readProgress(text), String(text)).to.equal(null);
  });

  it('has no number that is not one', () => {
    const wrong = {
      nextBlock: '12',
      targetBlock: -1,
      headBlock: 1.5,
      readableBlock: {},
      events: null,
      lagUnknownSince: 5,
      withoutCode: [5],
    };
    expect(readProgress(JSON.stringify({ mode: 'realtime', ...wrong }))).to.deep.equal(none);
  });
});

eachDatabase('a task with a progress that is none', (databases) => {
  it('keeps no other from being listed, and judged', async function () {
    this.timeout(60_000);
    const database = await openMigrated(await databases.fresh());
    const { knex, dialect } = database;
    const running = {
      status: 0,
      create_time: dialect.secondsAgo(knex, 900),
      heartbeat_interval: 1,
      timeout_minutes: 1,
    };
    await database.write([
      knex('pipeline_task').insert(foreign.map((progress, i) => ({ ...running, pipeline_id: 100 + i, progress }))),
      knex('pipeline_task').insert({ ...running, pipeline_id: 200, progress: JSON.stringify(none) }),
    ]);
    const tasks = await selectTasks(database, (query) => query.orderBy('pipeline_id'));
    expect(tasks.map(({ progress }) => progress)).to.deep.equal([...foreign.map(() => null), none]);
    await database.close();
  });
});
