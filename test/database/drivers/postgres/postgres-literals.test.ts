import { expect } from 'chai';
import { writeSql } from '../../../../src/database/drivers/postgres/postgres-literals.js';

describe('a statement’s placeholders', () => {
  it('are filled in order, and a question mark that is escaped is one', () => {
    expect(writeSql('SELECT ?, a \\? ?, ?', [1, "it's ?"])).to.equal("SELECT 1, a ? 'it''s ?', NULL");
  });

  it('are not the question marks of names and texts in quotes, whatever else is in these', () => {
    const sql = `SELECT "a?""??", 'it''s \\?', '"' || ?, "'", ?`;
    expect(writeSql(sql, [1, 2])).to.equal(`SELECT "a?""??", 'it''s \\?', '"' || 1, "'", 2`);
  });
});
