// A program for tests: commits one script after the other to the database that it is given, until it is killed.
import { openDatabase } from '../../src/database/open/open-database.js';
import type { Statement } from '../../src/database/script.js';
import { bulkInsert } from '../database/bulk-insert.js';

const database = await openDatabase(process.argv[2] ?? '', { statementTimeoutMs: 20_000 });
const count: Statement = { sql: 'UPDATE counter SET value = value + 1 WHERE id = 1', bindings: [], fence: true };
const clear: Statement = { sql: 'DELETE FROM item', bindings: [] };
const rows = Array.from({ length: 3_000 }, (_, i) => [i, `0x${'ab'.repeat(32)}`]);
const fill = bulkInsert('item', [{ name: 'id' }, { name: 'hash', hex: true }], rows);

for (;;) {
  await database.write([count, clear, fill]);
  console.log('committed');
}
