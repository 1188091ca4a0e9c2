import { expect } from 'chai';
import { createConnection } from 'mysql2/promise';
import type { Database } from '../../src/database/database.js';
import { BatchStore } from '../../src/database/events/batch-store.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { MonitorStore } from '../../src/database/operations/monitor-store.js';
import { Migrator } from '../../src/database/schema/migrator.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import { DatabaseUnreachableError, RuntimeFailure } from '../../src/runtime/errors.js';
import { runIn } from '../cli/run-in.js';
import { SinkFixture, fieldsOf, message, tableOf } from '../components/table-sink/sink-fixture.js';
import { createDatabase, onMysql } from '../support/databases.js';
import { openMigrated } from '../support/migrated-database.js';
import { rejectionOf } from '../support/rejection.js';
import { hashOf, makeEvent, makeUndecoded, storeLogs } from '../support/stored-logs.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { makeOlderTables } from './older-program.js';

/**
 * Every mode that changes how a statement is read, a time zone with half an hour in it, commits that have to be asked for, an engine
 * without any, and rows in which keys are short.
 */
const odd = [
  '--autocommit=0',
  '--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE,ONLY_FULL_GROUP_BY',
  '--default-time-zone=+05:30',
  '--default-storage-engine=MyISAM',
  '--innodb-default-row-format=compact',
];

/** What a chain, which anybody may write to, can put into a text. */
const hostile = [
  "'); DELETE FROM event; -- ",
  "\\'); DELETE FROM event; -- ",
  "\\\\'); DELETE FROM event; -- ",
  "x', x'00'), (\"",
  '`"; COMMIT; -- \\',
  "it's \u0000 \u001a \b \t \r\n \\0 \\Z \\n %s ? ?? :name $1",
  '/*!80000 x */ # -- 汉字 😀 \u00bf\u005c\u00bf\u0027',
];

const events = hostile.map((text, i) =>
  makeEvent({
    blockNumber: 1 + i,
    blockHash: hashOf(1 + i),
    eventName: text.slice(0, 40),
    eventSignature: `${text}(string)`,
    argsJson: JSON.stringify({ [text]: text }),
  }),
);
const undecoded = hostile.map((data, i) => makeUndecoded({ blockNumber: 1 + i, logIndex: 1, data, topics: [data] }));

function fill(database: Database): Promise<number> {
  return storeLogs(database, 45, { events, undecoded });
}

/** The bytes that are exported of a pipeline. */
async function exported(url: string, format: string): Promise<string> {
  const args = ['events', 'export', '--pipeline', '45', '--format', format, '--database', url];
  const { code, stdout, stderr } = await runIn(temporaryFolder(), ...args);
  expect([code, stderr]).to.deep.equal([0, '']);
  return stdout;
}

async function fillPipeline(url: string): Promise<Database> {
  const database = await openMigrated(url);
  const row = { id: 45, name: 'it\'s \\ "45"', create_time: database.dialect.now(database.knex), disabled: 0 };
  await database.write([database.knex('pipeline').insert(row)]);
  await fill(database);
  return database;
}

onMysql(
  'a server with other modes and another time zone than ours',
  (server) => {
    let database: Database;
    let url: string;

    before(async function () {
      this.timeout(60_000);
      url = await createDatabase(server().url());
      database = await fillPipeline(url);
    });
    after(() => database.close());

    it('is really one', async () => {
      const connection = await createConnection(url);
      const [rows] = await connection.query(
        "SELECT @@time_zone AS zone, @@autocommit AS commits, '\\' AS text, 'a' || 'b' AS together",
      );
      await connection.end();
      expect(rows).to.deep.equal([{ zone: '+05:30', commits: 0, text: '\\', together: 'ab' }]);
    });

    it('keeps what is written by one statement: every migration is known as applied', async () => {
      const { code, stderr } = await runIn(temporaryFolder(), 'tasks', 'list', '--database', url);
      expect(code, stderr).to.equal(0);
    });

    it('has every table take part in transactions', async () => {
      const engines = await database.read((knex) =>
        knex('information_schema.tables')
          .where({ table_schema: knex.raw('DATABASE()') })
          .distinct({ engine: 'engine' }),
      );
      expect(engines).to.deep.equal([{ engine: 'InnoDB' }]);
    });

    it('stores texts that would end a literal as they are, and runs nothing of what they say', async () => {
      const rows = await database.read((knex) =>
        knex('event')
          .orderBy('block_number')
          .select({ name: 'event_name', signature: 'event_signature', args: 'args' }),
      );
      expect(rows).to.deep.equal(
        events.map((event) => ({ name: event.eventName, signature: event.eventSignature, args: event.argsJson })),
      );
      const logs = await database.read((knex) =>
        knex('undecoded_log').orderBy('block_number').select('data', 'topics'),
      );
      expect(logs).to.deep.equal(undecoded.map(({ data, topics }) => ({ data, topics: JSON.stringify(topics) })));
    });

    it('takes such texts in a statement with bindings, too', async () => {
      const tasks = new TaskStore(database);
      const { id } = (await tasks.getNewest(45))!;
      for (const text of hostile) {
        await database.write([
          database.knex('pipeline_task').where({ id, status: 0 }).update({ error: text }),
          database.knex('pipeline_task').where({ error: text }).update({ log_path: text }),
        ]);
        expect(await tasks.get(id)).to.deep.include({ status: 0, error: text, logPath: text });
      }
    });

    it('takes a table of a sink whose texts have an index', async () => {
      const said = fieldsOf('Said(string text)');
      const fixture = await SinkFixture.open(url, said, { table: 'said', indexes: [['text']] });
      await fixture.claim(1);
      await fixture.deliver([message({ text: hostile[3] }, { block: 1, event: said[0]! })]);
      await fixture.sink.close();
      expect(await tableOf(url, ['text'], 'said')).to.deep.equal([hostile[3]]);
    });

    it('holds every step of heartbeat test', async () => {
      const { code, stdout } = await runIn(temporaryFolder(), 'heartbeat', 'test', '--json', '--database', url);
      const { steps } = JSON.parse(stdout) as { readonly steps: readonly { readonly ok: boolean }[] };
      expect([code, steps.filter(({ ok }) => ok).length]).to.deep.equal([0, 16]);
    });

    it('exports the same bytes as SQLite does', async () => {
      const sqliteUrl = `sqlite:${temporaryFolder()}/x.db`;
      await (await fillPipeline(sqliteUrl)).close();
      for (const format of ['jsonl', 'csv']) {
        const bytes = await exported(sqliteUrl, format);
        expect(bytes).to.contain('DELETE FROM event');
        expect(await exported(url, format)).to.equal(bytes);
      }
    });

    it('holds instants in the time zone of the database', async () => {
      for (const [timezone, hours] of [
        ['+00:00', 0],
        ['+08:00', 8],
      ] as const) {
        const before = await openDatabase(url);
        await before.write([before.knex('chainparse_installation').update({ time_zone: timezone })]);
        await before.close();
        const inZone = await openDatabase(url, { timezone });
        const tasks = new TaskStore(inZone);
        const { id } = (await tasks.getNewest(45))!;
        await tasks.renew([{ taskId: id, progress: null }]);
        const { lastHeartbeat, heartbeatAgeSeconds } = await tasks.get(id);
        expect(Date.parse(`${lastHeartbeat}Z`)).to.be.closeTo(Date.now() + hours * 3_600_000, 10_000);
        expect(heartbeatAgeSeconds).to.be.within(0, 10);
        await inZone.close();
      }
    });
  },
  odd,
);

onMysql('a server that limits what sessions may do', (server, { name }) => {
  let database: Database;
  let url: string;

  before(async function () {
    this.timeout(60_000);
    url = await createDatabase(server().url());
    const connection = await createConnection(server().url());
    const longest = name === 'mariadb' ? 'max_statement_time = 0.2' : 'max_execution_time = 200';
    for (const limit of ['sql_select_limit = 1', 'sql_safe_updates = 1', "completion_type = 'RELEASE'", longest]) {
      await connection.query(`SET GLOBAL ${limit}`);
    }
    await connection.end();
    database = await fillPipeline(url);
  });
  after(() => database.close());

  it('has every row read: a factory has all of its children', async () => {
    const children = [1, 2, 3, 4, 5].map((i) => ({
      pipeline_id: 45,
      level: 0,
      address: Buffer.alloc(20, i),
      since: i,
    }));
    await database.write([
      database.knex('factory_scan').insert({ pipeline_id: 45, definition: 'd'.repeat(64), known_to: 100 }),
      database.knex('factory_child').insert(children),
    ]);
    expect((await new BatchStore(database).knownChildren(45))?.children).to.have.length(5);
    const rows = await database.read<object[]>((knex) => knex('event').select('event_name'));
    expect(rows).to.have.length(events.length);
  });

  it('is known not to take writes where it is read-only', async () => {
    const admin = await createConnection(server().url());
    const pair = await openDatabase(`${url},${url}`);
    expect(await database.isReadOnly()).to.equal(false);
    await admin.query('SET GLOBAL read_only = 1');
    try {
      expect(await database.isReadOnly()).to.equal(true);
      const error = await rejectionOf(
        pair.read((knex) => knex('pipeline').select('id')),
        DatabaseUnreachableError,
      );
      expect(error.message).to.contain('it is read-only');
      const list = await runIn(temporaryFolder(), 'tasks', 'list', '--lang', 'en', '--database', url);
      expect(list.stderr).to.match(/no monitor is alive: .*; the database is read-only, and takes no sign of life/);
      const { stdout } = await runIn(temporaryFolder(), 'status', '--once', '--lang', 'en', '--database', url);
      expect(stdout).to.contain('NO MONITOR IS ALIVE: the database is read-only');
    } finally {
      await admin.query('SET GLOBAL read_only = 0');
      await admin.end();
      await pair.close();
    }
  });

  it('lets monitors begin, which look for rows by columns without an index', async () => {
    await new MonitorStore(database).register('m:1', 300);
  });

  it('takes one transaction after the other on one connection', async () => {
    for (const error of ['a', 'b']) await database.write([database.knex('pipeline_task').update({ error })]);
    const { code, stderr } = await runIn(temporaryFolder(), 'heartbeat', 'test', '--database', database.label);
    expect(code, stderr).to.equal(0);
  });

  it('lets a statement take as long as it needs', async () => {
    const slow = 'SELECT COUNT(*) AS n FROM event WHERE SLEEP(0.1) = 0';
    const [[row]] = await database.read<[{ n: number }[]]>((knex) => knex.raw(slow));
    expect(row?.n).to.equal(events.length);
    await database.write([{ sql: 'UPDATE event SET event_name = event_name WHERE SLEEP(0.1) = 0', bindings: [] }]);
  });
});

onMysql(
  'a server that gives sessions another character set than they have asked for',
  (server) => {
    it('has every text as it was written, in its tables and read back', async function () {
      this.timeout(60_000);
      const admin = await createDatabase(server().url());
      await (await openMigrated(admin)).close();
      const connection = await createConnection(server().url());
      // What `init_connect` says is not done for an administrator.
      await connection.query("CREATE USER app@'127.0.0.1'");
      await connection.query(`GRANT ALL ON ${new URL(admin).pathname.slice(1)}.* TO app@'127.0.0.1'`);
      const database = await openDatabase(admin.replace('root@', 'app@'));
      const name = '汉字 😀 é';
      await database.write([database.knex('pipeline').insert({ id: 45, name, disabled: 0 })]);
      const event = makeEvent({ blockNumber: 1, eventName: 'Said', argsJson: JSON.stringify({ name }) });
      await storeLogs(database, 45, { events: [event], undecoded: [] });
      const rows = await database.read((knex) => knex('pipeline').select('name', knex.raw('HEX(name) AS bytes')));
      expect(rows).to.deep.equal([{ name, bytes: Buffer.from(name).toString('hex').toUpperCase() }]);
      const [args] = await database.read<{ args: string }[]>((knex) => knex('event').select('args'));
      expect(args?.args).to.equal(event.argsJson);
      await Promise.all([database.close(), connection.end()]);
    });
  },
  ['--init-connect=SET NAMES latin1'],
);

onMysql('a table of an older program whose texts are in latin1', (server) => {
  it('is told with what to do where a text does not fit into it, and where such a text is looked for', async () => {
    const database = await openDatabase(await createDatabase(server().url()));
    try {
      await makeOlderTables(database, { charset: 'latin1', rows: 500 });
      await new Migrator(database).up(() => undefined);
      const { knex } = database;
      const name = '转账';
      const tries = [
        () => database.write([knex('pipeline').insert({ id: 45, name, disabled: 0 })]),
        () => database.read(() => knex('pipeline').where({ name }).select('id')),
      ];
      for (const work of tries) {
        const error = await rejectionOf(work(), RuntimeFailure);
        expect(error.message).to.match(/ can't hold a text: (Incorrect string|Illegal mix|Cannot convert)/);
        expect(error.hint).to.match(/^a table of an older program .*CONVERT TO CHARACTER SET utf8mb4$/);
      }
    } finally {
      await database.close();
    }
  });
});
