import { expect } from 'chai';
import type { EventFields } from '../../../src/components/seam/component.js';
import type { Database } from '../../../src/database/database.js';
import { openDatabase } from '../../../src/database/open/open-database.js';
import { eachDatabase } from '../../support/databases.js';
import { fieldsOf, message, SinkFixture, tableOf } from './sink-fixture.js';

/** Returns an event with arguments of these names, whether Solidity takes them or not. */
function eventWith(...names: readonly string[]): EventFields {
  const [event] = fieldsOf('Odd(uint8 x)');
  const own = event!.fields.filter(({ name }) => !name.startsWith('args.'));
  return { ...event!, fields: [...own, ...names.map((name) => ({ name: `args.${name}`, type: 'uint8' }))] };
}

/** What every database takes as it is. */
const plain = [
  ...['whale?', 'a??b', 'a\\?', '?'],
  ...['a"b', "a'b", 'a`b', 'a\\', 'a.b', 'a b', 'a%b', '$1', '@x', ':x', '*', 'a--b', '/*!x*/', 'select', '123', 'oid'],
  ...['é'.repeat(31), '汉'.repeat(21), 'x'.repeat(63), '\u200b', '\uffff'],
];

eachDatabase('the names of a table sink’s columns', (databases) => {
  let url: string;
  let database: Database;

  beforeEach(async function () {
    this.timeout(60_000);
    url = await databases.fresh();
    database = await openDatabase(url, { create: true });
  });
  afterEach(() => database.close());

  /** Has two runs fill a table, of which the second finds what the first one made, and says which columns hold what they sent. */
  const expectColumns = async (names: readonly string[], columns = names): Promise<void> => {
    const event = eventWith(...names);
    for (const run of [1, 2]) {
      const fixture = await SinkFixture.open(database, [event], { indexes: columns.map((name) => [name]).slice(0, 9) });
      await fixture.claim(run);
      const args = Object.fromEntries(names.map((name, i) => [name, String(100 * run + i)]));
      await fixture.deliver([message(args, { block: run, event })], run);
    }
    const row = (run: number): string => names.map((_name, i) => 100 * run + i).join(' ');
    expect(await tableOf(url, columns)).to.deep.equal([row(1), row(2)]);
  };

  it('are those of the fields, whatever is in them', () => expectColumns(plain));
});
