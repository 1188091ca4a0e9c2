import { expect } from 'chai';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { hashOlderRows, makeOlderTables } from '../../database/older-program.js';
import { eachDatabase } from '../../support/databases.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runIn } from '../run-in.js';

interface Shown {
  readonly task_id: number;
  readonly create_time: string | null;
}

/** Returns what runs a command on a database, and gives what it printed. */
function commandsOn(url: string): (...args: readonly string[]) => Promise<string> {
  const folder = temporaryFolder();
  return async (...args) => {
    const { code, stdout, stderr } = await runIn(folder, ...args, '--database', url, '--lang', 'en');
    expect(code, `${args.join(' ')}: ${stderr}`).to.equal(0);
    return stdout;
  };
}

/** Row 10 runs, row 11 has ended; all others that run have been silent for years. */
eachDatabase('tasks of an older program that lack their time of creation', (databases) => {
  const older = { rows: 500, lacksCreateTimes: true };

  it('are adopted, listed and shown, and keep nothing from being judged', async function () {
    this.timeout(60_000);
    const url = await databases.fresh();
    const database = await openDatabase(url, { create: true });
    await makeOlderTables(database, older);
    const hash = await hashOlderRows(database, older);
    const chainparse = commandsOn(url);
    await chainparse('migrate');
    expect(await hashOlderRows(database, older)).to.equal(hash);
    const { tasks } = JSON.parse(await chainparse('tasks', 'list', '--limit', '500', '--json')) as { tasks: Shown[] };
    const unknown = tasks.filter(({ create_time: at }) => at === null).map(({ task_id: id }) => id);
    expect(unknown).to.deep.equal([11, 10]);
    expect(await chainparse('tasks', 'list', '--limit', '500')).to.match(/^ *11 +3 +queued .* - /m);
    await chainparse('pipeline', 'list');
    expect(await chainparse('tasks', 'show', '10')).to.match(
      /unknown: it has neither a heartbeat nor a time of creation/,
    );
    await chainparse('tasks', 'show', '11');
    await chainparse('monitor', '--once', '--heartbeat-interval', '2', '--timeout', '1');
    // How long it has been silent nobody can tell; of all others it is known.
    expect(await database.knex('pipeline_task').where({ status: 0 }).pluck('id')).to.deep.equal([10]);
    const status = JSON.parse(await chainparse('status', '--once', '--json')) as { running: object[] };
    expect(status).to.include({ running_total: 1, silent_total: 0, silence_unknown_total: 1 });
    const { running } = status;
    expect(running).to.have.length(1);
    expect(running[0]).to.include({ task_id: 10, create_time: null, silent_seconds: null, silent: false });
    expect(await chainparse('status', '--once')).to.match(/^1 running, 0 silent, 1 of unknown silence, /);
    expect(await chainparse('tasks', 'stats')).to.match(/^running, and nobody knows how silent: 1$/m);
    await chainparse('tasks', 'cancel', '10');
    const cancelled = database.knex('pipeline_task').where({ id: 10 }).select('status', 'end_reason');
    expect(await cancelled).to.deep.equal([{ status: 1, end_reason: 'stopped' }]);
    // What another program has made of one row keeps no list from being shown.
    await database.knex('pipeline_task').where({ id: 10 }).update({ run_options: 'null' });
    await chainparse('tasks', 'show', '10');
    await database.close();
  });
});

eachDatabase('tasks of an older program whose times are zeros', (databases) => {
  if (databases.dialect === 'sqlite' || databases.dialect === 'postgres') return;

  it('are of an age that nobody knows: none is shown as alive', async function () {
    this.timeout(60_000);
    const url = await databases.fresh();
    const database = await openDatabase(url, { create: true });
    await makeOlderTables(database, { rows: 500 });
    const { knex } = database;
    await knex.transaction(async (session) => {
      await session.raw("SET SESSION sql_mode = ''");
      await session('pipeline_task').where({ id: 7 }).update({ status: 0, create_time: '0000-00-00 00:00:00' });
      await session.raw('SET SESSION sql_mode = DEFAULT');
    });
    const chainparse = commandsOn(url);
    await chainparse('migrate');
    expect(await chainparse('tasks', 'show', '7')).to.match(
      /unknown: it has neither a heartbeat nor a time of creation/,
    );
    const task = JSON.parse(await chainparse('tasks', 'show', '7', '--json')) as object;
    expect(task).to.include({ create_time: null, last_heartbeat: null, heartbeat_age_seconds: null });
    const status = JSON.parse(await chainparse('status', '--once', '--json')) as { running: { task_id: number }[] };
    const shown = status.running.find(({ task_id: id }) => id === 7);
    expect(shown).to.include({ silent_seconds: null, silent: false });
    await database.close();
  });
});

eachDatabase("a pipeline whose newest task ended in an older program's own way", (databases) => {
  it('is not shown as one that succeeded', async function () {
    this.timeout(60_000);
    const url = await databases.fresh();
    const database = await openDatabase(url, { create: true });
    await makeOlderTables(database, { rows: 500 });
    const folder = temporaryFolder();
    await runIn(folder, 'migrate', '--database', url);
    const { knex } = database;
    await knex('pipeline_task').where({ pipeline_id: 2 }).update({ status: 9 });
    const { stdout } = await runIn(folder, 'status', '--once', '--database', url, '--lang', 'en');
    expect(stdout).to.match(/^ *2 .* \? \(9\) /m);
    await database.close();
  });
});
