import { expect } from 'chai';
import { fillRequired } from '../../../src/database/schema/fill-required.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { eachDatabase } from '../../support/databases.js';
import { wordsOf } from '../../support/table-words.js';

eachDatabase('columns that must have a value and have no default', (testDatabase) => {
  it('are filled with an empty one, the others left alone', async () => {
    const database = await openDatabase(await testDatabase.fresh(), { create: true });
    const { id, instant } = wordsOf(database);
    await database.knex
      .raw(`CREATE TABLE older (id ${id}, owner VARCHAR(9) NOT NULL, weight INT NOT NULL, loud BOOLEAN NOT NULL,
      since ${instant} NOT NULL, state INT NOT NULL DEFAULT 3, remark TEXT)`);
    const filled = await fillRequired(database, 'older');
    expect(Object.keys(filled)).to.have.members(['owner', 'weight', 'loud', 'since']);
    await database.write([database.knex('older').insert(filled)]);
    const [row] = await database.read<object[]>((knex) =>
      knex('older').select('owner', 'weight', 'loud', 'state', 'remark'),
    );
    expect(row).to.deep.include({ owner: '', weight: 0, loud: 0, state: 3, remark: null });
    await database.close();
  });
});
