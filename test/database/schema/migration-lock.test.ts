import { expect } from 'chai';
import type { Database } from '../../../src/database/database.js';
import { historyTable, lockName } from '../../../src/database/schema/migration-history.js';
import { rowLock } from '../../../src/database/schema/migration-lock.js';
import { Migrator } from '../../../src/database/schema/migrator.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { ConflictError } from '../../../src/runtime/errors.js';
import { eachDatabase } from '../../support/databases.js';
import { FakeClock } from '../../support/fake-clock.js';
import { eventually } from '../../support/within.js';

const ignore = (): void => undefined;

eachDatabase('the lock of migrations that is a row', (databases) => {
  // Its lock is the file's own.
  if (databases.dialect === 'sqlite') return;
  let database: Database;
  let clock: FakeClock;

  beforeEach(async () => {
    database = await openDatabase(await databases.fresh(), { create: true });
    await database.knex.raw('SELECT 1');
    clock = new FakeClock();
  });
  afterEach(() => database.close());

  /** Works under the lock, whose holder sleeps by the fake clock; its row's age is by the database's. */
  const locked = (
    work: (stillHeld: () => Promise<void>) => Promise<void>,
    onWait: () => void = ignore,
  ): Promise<void> =>
    database.withSchema((schema) =>
      rowLock(
        {
          schema,
          dialect: database.dialect,
          clock,
          write: (steps) => database.writeUrgently(steps),
          onWait,
        },
        work,
      ),
    );
  const row = async (): Promise<{ made: string } | undefined> =>
    (await database.read<{ made: string }[]>((knex) => knex(historyTable).where({ name: lockName })))[0];
  const age = (seconds: number): Promise<unknown> =>
    database.write([
      database
        .knex(historyTable)
        .where({ name: lockName })
        .update({ applied_at: database.dialect.secondsAgo(database.knex, seconds) }),
    ]);

  it('is free again afterwards, also where the work failed, and leaves nothing on an empty database', async () => {
    await locked(() => Promise.resolve());
    const failure = await locked(() => Promise.reject(new Error('broken'))).catch((error: unknown) => error);
    expect(String(failure)).to.contain('broken');
    await locked(() => Promise.resolve());
    expect(await database.withSchema((schema) => schema.hasTable(historyTable))).to.equal(false);
  });

  it('is no migration', async () => {
    await new Migrator(database).up(ignore);
    await locked(async () => {
      expect(await row()).not.to.equal(undefined);
      expect((await new Migrator(database).status()).map(({ name }) => name)).not.to.include(lockName);
    });
    expect(await row()).to.equal(undefined);
  });

  it('of a holder that was killed is waited for until it expires, and no longer', async () => {
    await new Migrator(database).up(ignore);
    await database.write([
      database
        .knex(historyTable)
        .insert({ name: lockName, made: '"dead"', applied_at: database.dialect.now(database.knex) }),
    ]);
    let waits = 0;
    const done: string[] = [];
    const taken = locked(
      () => Promise.resolve(void done.push('done')),
      () => waits++,
    );
    await eventually('it waits', () => waits === 1, 10_000);
    await age(25);
    await clock.advance(2_000);
    expect(done).to.deep.equal([]);
    await age(31);
    await clock.advance(2_000);
    await taken;
    expect([waits, ...done]).to.deep.equal([1, 'done']);
  });

  it('is renewed while the work goes on', async () => {
    await locked(async (stillHeld) => {
      await age(29);
      await clock.advance(6_000);
      await eventually(
        'it is renewed',
        async () => {
          const { dialect, knex } = database;
          const old = await database.read<unknown[]>(() =>
            knex(historyTable)
              .where({ name: lockName })
              .whereRaw(dialect.isOlder(knex, 'applied_at', 20)),
          );
          return old.length === 0;
        },
        10_000,
      );
      await stillHeld();
    });
  });

  it('that another has taken lets its former holder change nothing more, and stays the other’s', async () => {
    await new Migrator(database).up(ignore);
    const failure = await locked(async (stillHeld) => {
      await database.write([database.knex(historyTable).where({ name: lockName }).update({ made: '"another"' })]);
      await stillHeld();
    }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ConflictError);
    expect((await row())?.made).to.equal('"another"');
  });
});
