// A program for tests: migrates the database that it is given and prints what it does.
import { Migrator } from '../../src/database/schema/migrator.js';
import { openDatabase } from '../../src/database/open/open-database.js';

const database = await openDatabase(process.argv[2] ?? '', { create: true });
const applied = await new Migrator(database).up((line) => console.log(line));
console.log(`applied: ${applied.length}`);
await database.close();
