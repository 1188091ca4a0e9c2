import { expect } from 'chai';
import type { Database } from '../../../../src/database/database.js';
import { openDatabase } from '../../../../src/database/open/open-database.js';
import { FenceError } from '../../../../src/database/script.js';
import type { Statement } from '../../../../src/database/script.js';
import { createDatabase, onMysql } from '../../../support/databases.js';
import { rejectionOf } from '../../../support/rejection.js';

const step = (sql: string): Statement => ({ sql, bindings: [] });
/** A variable of the session is not taken back with the rows: it tells how often a script has run. */
const count = step('SET @runs = IFNULL(@runs, 0) + 1');

onMysql('a script that meets a row which is there already', (server) => {
  let database: Database;

  beforeEach(async () => {
    database = await openDatabase(await createDatabase(server().url()));
    await database.write([step('CREATE TABLE item (id INTEGER PRIMARY KEY)')]);
    await database.write([step('INSERT INTO item VALUES (1)')]);
  });
  afterEach(() => database.close());

  const items = (): Promise<unknown> => database.read((knex) => knex('item').orderBy('id').pluck('id'));

  it('is run again, whole, until the row is gone: Galera may have let another one win, and not have said so yet', async () => {
    await database.write([step('INSERT INTO item VALUES (2), (3)')]);
    await database.write([count, step('INSERT INTO item VALUES (50)'), step('INSERT INTO item SELECT @runs')]);
    expect(await items()).to.deep.equal([1, 2, 3, 4, 50]);
  });

  it('ends by its fence where that one has taken what it stands on', async () => {
    const fence = { ...step('UPDATE item SET id = -1 WHERE id = 1 AND @runs < 3'), fence: 1 };
    const insert = step('INSERT INTO item VALUES (2), (2)');
    await rejectionOf(database.write([count, fence, insert]), FenceError);
    expect(await items()).to.deep.equal([1]);
  });

  it('fails where the row stays', async () => {
    const failure = await rejectionOf(database.write([count, step('INSERT INTO item VALUES (1)')]));
    expect(failure).to.have.property('errno', 1062);
    await database.write([step('INSERT INTO item SELECT 100 + @runs')]);
    expect(await items()).to.deep.equal([1, 105]);
  });
});
