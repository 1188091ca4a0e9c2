import { expect } from 'chai';
import type { Database } from '../../../../src/database/database.js';
import { openDatabase } from '../../../../src/database/open/open-database.js';
import { FenceError } from '../../../../src/database/script.js';
import type { Statement } from '../../../../src/database/script.js';
import { DatabaseUnreachableError } from '../../../../src/runtime/errors.js';
import { createDatabase, eachServer } from '../../../support/databases.js';
import { rejectionOf } from '../../../support/rejection.js';

const timeoutMs = 400;

eachServer('what a frozen server finds in its queue when it wakes', (server) => {
  let database: Database;
  let witness: Database;

  before(async () => {
    const url = await createDatabase(server().url());
    database = await openDatabase(url, { statementTimeoutMs: timeoutMs });
    witness = await openDatabase(url);
    await witness.write([{ sql: 'CREATE TABLE item (id INTEGER PRIMARY KEY, value INTEGER)', bindings: [] }]);
  });
  beforeEach(async () => {
    await witness.write([{ sql: 'DELETE FROM item', bindings: [] }]);
    await witness.write([{ sql: 'INSERT INTO item VALUES (1, 0)', bindings: [] }]);
  });
  after(async () => {
    server().thaw();
    await database.close();
    await witness.close();
  });

  const increase: Statement = { sql: 'UPDATE item SET value = value + 1 WHERE id = 1', bindings: [] };
  const value = async (): Promise<unknown> =>
    (await witness.read<{ value: number }[]>((knex) => knex('item')))[0]?.value;

  /** Sends a script to the frozen server, wakes it after a while, and returns how the script failed. */
  async function sendTo(frozenForMs: number, steps: readonly Statement[]): Promise<unknown> {
    server().freeze();
    const sent = database.write(steps).then(
      () => null,
      (error: unknown) => error,
    );
    await new Promise((resolve) => setTimeout(resolve, frozenForMs));
    server().thaw();
    return await sent;
  }

  for (const [what, steps] of [
    ['a statement', [increase]],
    ['a script with a fence', [{ ...increase, fence: true }, increase]],
  ] as const) {
    it(`is refused where it is ${what} that was given up meanwhile`, async () => {
      await database.write([increase]);
      expect(await sendTo(4 * timeoutMs, steps)).to.be.instanceOf(DatabaseUnreachableError);
      // The connection is new; the server takes the packets of the old one when it likes.
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await value()).to.equal(1);
      await database.write(steps);
      expect(await value()).to.equal(1 + steps.length);
    });
  }

  it('is executed where somebody still waits for it', async () => {
    await database.write([increase]);
    expect(await sendTo(timeoutMs / 4, [increase])).to.equal(null);
    expect(await value()).to.equal(2);
  });

  it('holds fences as ever', async () => {
    const none: Statement = { sql: 'UPDATE item SET value = 5 WHERE id = 2', bindings: [], fence: true };
    await rejectionOf(database.write([increase, none]), FenceError);
    expect(await value()).to.equal(0);
  });
});
