import { expect } from 'chai';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'mysql2/promise';
import { translateError } from '../../src/database/database-errors.js';
import { requireMigrated } from '../../src/database/schema/migrator.js';
import { mysqlDialect } from '../../src/database/drivers/mysql/mysql-dialect.js';
import { postgresDialect } from '../../src/database/drivers/postgres/postgres-dialect.js';
import { openDatabase } from '../../src/database/open/open-database.js';
import { sqliteDialect } from '../../src/database/drivers/sqlite/sqlite-dialect.js';
import { TaskStore } from '../../src/database/tasks/task-store.js';
import {
  ChainparseError,
  DatabaseRefusedError,
  DatabaseUnreachableError,
  DatabaseUnusableError,
  NotMigratedError,
  RuntimeFailure,
} from '../../src/runtime/errors.js';
import { createDatabase, eachDatabase, onMysql, onPostgres } from '../support/databases.js';
import { execute } from '../support/execute-sql.js';
import { freePort } from '../support/free-port.js';
import { openMigrated } from '../support/migrated-database.js';
import { rejectionOf } from '../support/rejection.js';
import { temporaryFolder } from '../support/temporary-folder.js';

async function failureOf(work: () => Promise<unknown>): Promise<ChainparseError> {
  const error = await rejectionOf(work(), ChainparseError);
  expect(error.exitCode).to.equal(5);
  expect(`${error.message} ${error.hint ?? ''}`).not.to.contain('secret99');
  return error;
}

/** Fails once by a read and once by a script; both must say the same. */
async function failureOfUse(url: string, options: { create?: boolean } = {}): Promise<ChainparseError> {
  const use = async (how: 'read' | 'write'): Promise<void> => {
    const database = await openDatabase(url, options);
    try {
      if (how === 'read') await database.read((knex) => knex.raw('SELECT * FROM pipeline_task'));
      else await database.write([{ sql: "UPDATE pipeline_task SET error = 'x'", bindings: [] }]);
    } finally {
      await database.close();
    }
  };
  const read = await failureOf(() => use('read'));
  const write = await failureOf(() => use('write'));
  expect([write.constructor, write.hint]).to.deep.equal([read.constructor, read.hint]);
  return write;
}

describe('an error of SQLite', () => {
  it('says that there is no file', async () => {
    const error = await failureOfUse(`sqlite:${temporaryFolder()}/none.db`);
    expect(error).to.be.instanceOf(DatabaseUnreachableError);
    expect(error.message).to.match(/^there is no database sqlite:.*none.db$/);
    expect(error.hint).to.contain('chainparse migrate');
  });

  it('names the file also where the URL has slashes', async () => {
    expect((await failureOfUse('sqlite:///no/such/file.db')).message).to.contain('sqlite:/no/such/file.db');
  });

  it('says that a file is no database', async () => {
    const path = `${temporaryFolder()}/text.db`;
    writeFileSync(path, 'this is a text and no database at all'.repeat(100));
    const error = await failureOfUse(`sqlite:${path}`);
    expect(error).to.be.instanceOf(DatabaseUnusableError);
    expect(error.message).to.match(/can't be read: file is not a database$/);
    expect(error.hint).to.match(/no SQLite database/);
  });

  it('says that the folder is none, or a folder where the file should be', async () => {
    const folder = temporaryFolder();
    expect((await failureOfUse(`sqlite:${folder}/no/where.db`, { create: true })).hint).to.match(
      /folder does not exist.* check the path/,
    );
    mkdirSync(`${folder}/folder.db`);
    expect((await failureOfUse(`sqlite:${folder}/folder.db`)).hint).to.match(/can't be opened.* check the path/);
  });

  // Root may write everywhere.
  const itUnlessRoot = process.getuid?.() === 0 ? (): void => undefined : it;
  itUnlessRoot('says that a file is read-only', async () => {
    const folder = temporaryFolder();
    const url = `sqlite:${folder}/fixed.db`;
    const database = await openDatabase(url, { create: true });
    await database.knex.raw('CREATE TABLE pipeline_task (error TEXT)');
    expect(await database.isReadOnly()).to.equal(false);
    await database.close();
    chmodSync(`${folder}/fixed.db`, 0o444);
    chmodSync(folder, 0o555);
    const error = await failureOf(async () => {
      const opened = await openDatabase(url);
      expect(await opened.isReadOnly()).to.equal(true);
      await opened.write([{ sql: "INSERT INTO pipeline_task VALUES ('x')", bindings: [] }]);
    }).finally(() => chmodSync(folder, 0o755));
    expect(error).to.be.instanceOf(DatabaseUnreachableError);
  });

  itUnlessRoot('says that a folder lets nobody make the file', async () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o555);
    const error = await failureOfUse(`sqlite:${folder}/new.db`, { create: true }).finally(() =>
      chmodSync(folder, 0o755),
    );
    expect(error.hint).to.contain('the rights on its folder').and.not.to.contain('migrate');
  });

  const hints = {
    SQLITE_CANTOPEN: /^the file can't be opened or written/,
    SQLITE_FULL: /disk is full/,
    SQLITE_READONLY: /read-only/,
    SQLITE_PERM: /read-only/,
    SQLITE_IOERR_WRITE: /the disk is full .*or it fails/,
  };
  for (const [code, hint] of Object.entries(hints)) {
    it(`has a hint for ${code}`, () => {
      const error = translateError(
        sqliteDialect(() => '+00:00'),
        'sqlite:x',
        Object.assign(new Error('oh'), { code }),
      );
      expect(error).to.be.instanceOf(DatabaseUnreachableError).with.property('hint').that.matches(hint);
    });
  }
});

describe('a SQLite library that Node can not load', () => {
  const texts = {
    'was built for another version of Node':
      "The module '/app/better_sqlite3.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 115.",
    'was not built':
      "Cannot find module 'better-sqlite3/build/Release/better_sqlite3.node'\nRequire stack:\n- /app/dist/sqlite.js",
    'was not built, as the package says it': 'Could not locate the bindings file. Tried:\n → /app/better_sqlite3.node',
  };
  for (const [name, text] of Object.entries(texts)) {
    it(`${name}: it is to be built, in one line`, () => {
      const dialect = sqliteDialect(() => '+00:00');
      const error = translateError(dialect, 'sqlite:a.db', new Error(text)) as RuntimeFailure;
      expect(error).to.be.instanceOf(RuntimeFailure);
      expect(error.message).to.match(
        /^the database sqlite:a\.db can't be opened by this version of Node: [^\n]*(\.node'|file\.|\.node was compiled for another one)$/,
      );
      expect(error.hint).to.contain('npm rebuild better-sqlite3');
    });
  }
});

describe('a SQLite file that is damaged', () => {
  it('is one that no waiting mends', () => {
    for (const code of ['SQLITE_CORRUPT', 'SQLITE_CORRUPT_INDEX', 'SQLITE_NOTADB']) {
      const thrown = Object.assign(new Error('database disk image is malformed'), { code });
      const error = translateError(
        sqliteDialect(() => '+00:00'),
        'sqlite:x',
        thrown,
      ) as ChainparseError;
      expect(error).to.be.instanceOf(DatabaseUnusableError).with.property('exitCode', 5);
      expect(error.message).to.equal("the database sqlite:x can't be read: database disk image is malformed");
      expect(error.hint).to.match(/damaged|no SQLite database/);
    }
  });
});

describe('an error of a server', () => {
  const translate = (error: object): unknown => translateError(mysqlDialect, 'mysql://db/d', error);
  const away = [
    { code: 'ECONNREFUSED', errno: -111 },
    { code: 'PROTOCOL_CONNECTION_LOST' },
    { code: 'ETIMEDOUT' },
    { code: 'ENOTFOUND', message: 'getaddrinfo ENOTFOUND db' },
    { errno: 1040, message: 'Too many connections' },
    { errno: 1053, message: 'Server shutdown in progress' },
    { errno: 1290, message: 'The server is running with --read-only' },
    { errno: 1927, message: 'Connection was killed' },
    { errno: 1969, message: 'Query execution was interrupted (max_statement_time exceeded)' },
    { errno: 3024, message: 'Query execution was interrupted, maximum statement execution time exceeded' },
    { errno: 1030, message: 'Got error 168 from storage engine' },
    { errno: 1026, message: 'Error writing file' },
    { errno: 3100, message: 'Error on observer while running replication hook before_commit' },
    { errno: 2013, message: 'Lost connection to backend server: connection closed by peer' },
    { errno: 9001, message: 'Max connect timeout reached while reaching hostgroup 0 after 10000ms' },
    { code: 'HANDSHAKE_NO_SSL_SUPPORT', message: 'Server does not support secure connection' },
    { code: 'DEPTH_ZERO_SELF_SIGNED_CERT', message: 'self-signed certificate' },
    { name: 'KnexTimeoutError', message: 'Timeout acquiring a connection' },
    { message: "Can't add new command when connection is in closed state" },
  ];
  for (const error of away) {
    it(`means that it is away: ${JSON.stringify(error)}`, () => {
      const translated = translate(error);
      expect(translated).to.be.instanceOf(DatabaseUnreachableError);
      expect((translated as Error).message).to.match(/^the database mysql:\/\/db\/d can't be reached: ./);
    });
  }

  it('means that it may go well the next time, where another transaction has won', () => {
    const won = [
      [mysqlDialect, { errno: 3101, message: 'Plugin instructed the server to rollback the current transaction.' }],
      [sqliteDialect(() => '+00:00'), { code: 'SQLITE_PROTOCOL', message: 'locking protocol' }],
    ] as const;
    for (const [dialect, error] of won) expect(dialect.classify(error)).to.equal('contention');
  });

  it('means of PostgreSQL that a transaction took longer than the server lets it', () => {
    const error = { code: '25P04', message: 'terminating connection due to transaction timeout' };
    expect(postgresDialect.classify(error)).to.equal('unreachable');
  });

  for (const errno of [1044, 1045, 1049, 1130, 1184, 1251, 1524, 1698, 1820, 1862, 3118, 3159, 3955, 4151]) {
    it(`means that nobody is let in: ${errno}`, () => {
      const error = translate(Object.assign(new Error('Access denied'), { errno }));
      expect(error).to.be.instanceOf(DatabaseRefusedError).with.property('exitCode', 5);
      expect((error as ChainparseError).message).to.equal("the database mysql://db/d can't be opened: Access denied");
      expect((error as ChainparseError).hint).to.match(
        /in the database URL|CREATE DATABASE|let the user log in by|ALTER USER|init_connect/,
      );
    });
  }

  it('means that the user lacks a right, and says which ones it needs', () => {
    for (const errno of [1142, 1143, 1227]) {
      const error = translate(
        Object.assign(new Error("INSERT command denied to user 'u'"), { errno }),
      ) as ChainparseError;
      expect(error).to.be.instanceOf(RuntimeFailure);
      expect(error.message).to.equal(
        "the database mysql://db/d does not let this user: INSERT command denied to user 'u'",
      );
      expect(error.hint).to.match(/^GRANT SELECT, INSERT, UPDATE, DELETE/);
    }
  });

  it('means that a column of an older program has no default', () => {
    const error = translate(Object.assign(new Error("Field 'kind' doesn't have a default value"), { errno: 1364 }));
    expect(error).to.be.instanceOf(RuntimeFailure);
    expect((error as ChainparseError).message).to.match(/ Field 'kind' doesn't have a default value$/);
    expect((error as ChainparseError).hint).to.match(/give it a default/);
  });

  it('says what is wrong, and not the statement that met it', () => {
    const error = Object.assign(new Error('select `a - b` from `t` - the server was silent for 5 s'), {
      code: 'ETIMEDOUT',
    });
    expect((translate(error) as Error).message).to.match(/can't be reached: the server was silent for 5 s$/);
  });

  it('says so without the statement of a migration, too', () => {
    const words = 'permission denied for schema public';
    for (const statement of [
      `create table "pipeline" ("name" varchar(191) COLLATE "C",\n "a - b" integer)`,
      'ALTER TABLE pipeline ADD COLUMN a integer',
      'drop index "pipeline_a"',
      "COMMENT ON TABLE pipeline IS 'a - b'",
      "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '60s'",
      'COMMIT',
    ]) {
      const error = Object.assign(new Error(`${statement} - ${words}`), { code: '42501' });
      expect(translateError(postgresDialect, 'db/d', error))
        .to.have.property('message')
        .that.equals(`the database db/d does not let this user: ${words}`);
    }
  });

  it('says what to do where there are no connections left', () => {
    const full = translate(Object.assign(new Error('Too many connections'), { errno: 1040 })) as ChainparseError;
    expect(full.hint).to.equal('too many connections: raise max_connections, or end others');
    for (const of of ['role "app"', 'database "chain"']) {
      const limit = Object.assign(new Error(`too many connections for ${of}`), { code: '53300' });
      const { hint } = translateError(postgresDialect, 'db/d', limit) as ChainparseError;
      expect(hint).to.contain('CONNECTION LIMIT').and.not.to.contain('max_connections');
    }
    const words =
      'Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a .transacting(trx) call?';
    for (const dialect of [mysqlDialect, postgresDialect]) {
      const knex = Object.assign(new Error(words), { name: 'KnexTimeoutError' });
      expect(translateError(dialect, 'db/d', knex)).to.include({
        message: "the database db/d can't be reached: no connection came free",
        hint: 'see whether the server, or a pooler before it, answers and has connections left',
      });
    }
  });

  it('passes as it is where it is another', () => {
    const error = Object.assign(new Error('Duplicate entry'), { errno: 1062, code: 'ER_DUP_ENTRY' });
    expect(translate(error)).to.equal(error);
    const long = Object.assign(new Error(`insert into \`t\` values ('${'x'.repeat(999)} - \n') - Data too long`), {
      errno: 1406,
    });
    expect(translate(long)).to.equal(long).with.property('message', 'Data too long');
    const ours = new DatabaseUnreachableError('the database did not answer within 1 s: it is closed');
    expect(translate(ours)).to.equal(ours);
  });
});

onMysql('a login with a password', (server, { name }) => {
  /** Makes a user, and a database that it may read; returns the database's URL for that user. */
  const urlOf = async (identified: string): Promise<string> => {
    const user = `user${Math.random().toString(36).slice(2, 10)}`;
    const url = new URL(await createDatabase(server().url()));
    const connection = await createConnection(server().url());
    await connection.query(`CREATE USER '${user}'@'%' IDENTIFIED ${identified}`);
    await connection.query(`GRANT SELECT ON ${url.pathname.slice(1)}.* TO '${user}'@'%'`);
    await connection.end();
    return Object.assign(url, { username: user, password: encodeURIComponent("it's 100% /@: right") }).href;
  };
  const encryption = async (url: string): Promise<unknown> => {
    const database = await openDatabase(url);
    const [[row]] = await database.read<[{ Value: string }[]]>((knex) => knex.raw("SHOW STATUS LIKE 'Ssl_version'"));
    await database.write([{ sql: 'DO 1', bindings: [] }]).finally(() => database.close());
    return row?.Value;
  };
  const password = `"it's 100% /@: right"`;

  it('works without encryption and with it, the first time and again', async () => {
    for (const query of ['', '', '?ssl=skip-verify', '?ssl=skip-verify']) {
      const url = await urlOf(`BY ${password}`);
      for (let time = 0; time < 2; time++) {
        expect(await encryption(`${url}${query}`)).to.match(query === '' ? /^$/ : /^TLSv1/);
      }
    }
  });

  it('works where encryption is required', async () => {
    const url = await urlOf(`BY ${password} REQUIRE SSL`);
    expect(await encryption(`${url}?ssl=skip-verify`)).to.match(/^TLSv1/);
    const refused = await failureOfUse(url);
    expect(refused.message).to.match(/Access denied/);
    expect(refused.hint).to.match(/user, password and rights .*REQUIRE SSL .*ssl=true/);
  });

  if (name === 'mysql') {
    it('works by each way that MySQL knows', async () => {
      for (const plugin of ['caching_sha2_password', 'sha256_password']) {
        const url = await urlOf(`WITH ${plugin} BY ${password}`);
        for (const query of ['', '?ssl=skip-verify']) await encryption(`${url}${query}`);
      }
    });
    return;
  }

  it('says which way of MariaDB it does not know, and which to use', async () => {
    const connection = await createConnection(server().url());
    await connection.query("INSTALL SONAME 'auth_ed25519'");
    await connection.end();
    const error = await failureOfUse(await urlOf(`VIA ed25519 USING PASSWORD(${password})`));
    expect(error.message).to.match(/unknown plugin client_ed25519\.$/);
    expect(error.hint).to.match(/mysql_native_password/);
  });
});

onMysql('an error of use', (server) => {
  before(async () => {
    const connection = await createConnection(server().url());
    await connection.query("CREATE USER 'reader'@'%' IDENTIFIED BY 'right99'");
    await connection.end();
  });

  it('says that nothing listens', async () => {
    const error = await failureOfUse(`mysql://u:secret99@127.0.0.1:${await freePort()}/d`);
    expect(error).to.be.instanceOf(DatabaseUnreachableError);
    expect(error.message).to.match(/can't be reached: .*ECONNREFUSED/);
    expect(error.hint).to.match(/host and port/);
  });

  it('says that the host is none', async () => {
    const error = await failureOfUse('mysql://u:secret99@no-such-host.invalid/d');
    expect(error.message).to.match(/ENOTFOUND|EAI_AGAIN/);
    expect(error.hint).to.match(/host and port/);
  });

  it('says that the password is wrong', async () => {
    const error = await failureOfUse(`mysql://reader:secret99@127.0.0.1:${server().port}/d`);
    expect(error.message).to.match(/Access denied for user 'reader'/);
    expect(error.hint).to.match(/user, password and rights/);
  });

  it('says that there is no such user', async () => {
    const error = await failureOfUse(`mysql://nobody:secret99@127.0.0.1:${server().port}/d`);
    expect(error.message).to.match(/Access denied for user 'nobody'/);
    expect(error.hint).to.match(/user, password and rights/);
  });

  it('says that the rights do not reach', async () => {
    const url = new URL(await createDatabase(server().url()));
    url.username = 'reader';
    url.password = 'right99';
    expect((await failureOfUse(url.href)).hint).to.match(/user, password and rights/);
  });

  it('says that the database is none', async () => {
    const error = await failureOfUse(server().url('nowhere'));
    expect(error.message).to.match(/Unknown database 'nowhere'/);
    expect(error.hint).to.match(/CREATE DATABASE/);
  });

  it('says that a certificate is not trusted, or that the server has none', async () => {
    const url = await createDatabase(server().url());
    const error = await failureOfUse(`${url}?ssl=true`);
    expect(error).to.be.instanceOf(DatabaseUnreachableError);
    expect(error.hint).to.match(/ssl_ca=FILE .*ssl=skip-verify/);
  });
});

eachDatabase('a database without tables', (databases) => {
  it('is one that is not migrated', async () => {
    const database = await openDatabase(await databases.fresh(), { create: true });
    await database.knex.raw('SELECT 1');
    for (const use of [
      () => requireMigrated(database),
      () => new TaskStore(database).get(1),
      () => new TaskStore(database).renew([{ taskId: 1, progress: null }]),
    ]) {
      const error = await failureOf(use);
      expect(error).to.be.instanceOf(NotMigratedError);
      expect(error.message).to.match(/is not migrated/);
      expect(error.hint).to.match(/^chainparse migrate(;|$)/);
    }
    await database.close();
  });
});

eachDatabase('a database that has lost a table', (databases) => {
  it('is not only sent to migrations, which find nothing to do', async () => {
    const database = await openMigrated(await databases.fresh());
    await database.knex.raw('DROP TABLE pipeline_sink');
    await requireMigrated(database);
    const error = await failureOf(() => database.read((knex) => knex('pipeline_sink').select()));
    expect(error).to.be.instanceOf(NotMigratedError);
    expect(error.hint).to.match(/^chainparse migrate; where that finds nothing to do.*backup/);
    await database.close();
  });
});

onPostgres('a database of PostgreSQL whose encoding lacks characters', (server) => {
  const inEncoding = async (encoding: string): Promise<string> => {
    const name = `in_${encoding.toLowerCase()}`;
    const locale = "TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'";
    await execute(server().url('postgres'), `CREATE DATABASE ${name} ${locale} ENCODING '${encoding}'`);
    return server().url(name);
  };

  it('is refused before anything is written, in words that say what to do', async () => {
    const error = await failureOf(async () => openMigrated(await inEncoding('LATIN1')));
    expect(error).to.be.instanceOf(DatabaseUnusableError);
    expect(error.message).to.match(/encoding lacks characters: .* no equivalent in encoding "LATIN1"/);
    expect(error.hint).to.contain("ENCODING 'UTF8'");
  });

  it('is none that takes bytes as they come', async () => {
    const database = await openMigrated(await inEncoding('SQL_ASCII'));
    await database.close();
  });
});
