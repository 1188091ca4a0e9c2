import { expect } from 'chai';
import fc from 'fast-check';
import {
  fenceErrorNumber,
  PacketSizeError,
  writeInserts,
  writePackets,
} from '../../../../src/database/drivers/mysql/mysql-script.js';
import type { Packet } from '../../../../src/database/drivers/mysql/mysql-script.js';
import type { ScriptStep, Statement } from '../../../../src/database/script.js';
import { bulkInsert } from '../../bulk-insert.js';

const renew: Statement = { sql: 'UPDATE t SET a = ? WHERE id = ?', bindings: ["o'clock", 7], fence: true };
const rows = bulkInsert(
  'event',
  [{ name: 'id' }, { name: 'hash', hex: true }, { name: 'text' }],
  Array.from({ length: 100 }, (_, i) => [i, `0x${'ab'.repeat(32)}`, `it's '${i}'`]),
);
const packetsOf = (
  steps: readonly ScriptStep[],
  maxBytes: number,
): readonly { readonly text: string; readonly answers: Packet['answers'] }[] =>
  [...writePackets(steps, maxBytes)].map(({ statements, answers }) => ({ text: statements.join(';'), answers }));

describe('the packets of a script', () => {
  it('is one statement without a transaction where there is only one', () => {
    const [packet, ...more] = packetsOf([{ sql: 'DELETE FROM t WHERE a = ?', bindings: [null] }], 1000);
    expect(packet).to.deep.equal({ text: 'SET autocommit = 1;DELETE FROM t WHERE a = NULL', answers: [null, 0] });
    expect(more).to.deep.equal([]);
  });

  it('is one transaction that a fence breaks on the server', () => {
    const [packet] = packetsOf([renew], 1000);
    expect(packet?.text).to.match(
      /^SET autocommit = 0;START TRANSACTION;SAVEPOINT chainparse;UPDATE t SET a = 'o\\'clock' WHERE id = 7;SET @\w+ = 1844\d+ \+ IF\(ROW_COUNT\(\) = 1, 0, 1\);RELEASE SAVEPOINT chainparse;COMMIT$/,
    );
    expect(packet?.answers).to.deep.equal([null, null, null, 0, null, null, null]);
    expect(fenceErrorNumber).to.equal(1690);
  });

  it('is one packet wherever it fits', () => {
    const [packet, ...more] = packetsOf([renew, rows], 1 << 20);
    expect(packet?.text).to.match(/^SET autocommit = 0;START TRANSACTION;.*;COMMIT$/);
    expect(more).to.deep.equal([]);
  });

  it('is one transaction over several packets under a small limit, each below it', () => {
    const packets = packetsOf([renew, rows, renew], 2_000);
    expect(packets.length).to.be.greaterThan(5);
    for (const { text } of packets) expect(Buffer.byteLength(text)).to.be.at.most(2_000);
    const text = packets.map((packet) => packet.text).join(';');
    expect(text.match(/START TRANSACTION/g)).to.have.length(1);
    expect(text.match(/COMMIT/g)).to.have.length(1);
    // On MySQL, which else keeps the locks of a client that froze between two of them.
    expect(text).to.match(
      /^SET [^;]*wait_timeout = 5 \*\/;SET autocommit = 0;START TRANSACTION;.*;SET [^;]*wait_timeout = DEFAULT \*\/;RELEASE SAVEPOINT chainparse;COMMIT$/,
    );
    expect(text.match(/\(\d+,x'(ab){32}','it\\'s \\'\d+\\''\)/g)).to.have.length(100);
    expect(packets.flatMap(({ answers }) => answers).filter((step) => step === 1).length).to.be.greaterThan(5);
  });

  it('counts the bytes of texts, not their characters', () => {
    const texts = Array.from({ length: 40 }, () => ['汉字汉字汉字'.repeat(5)]);
    const wide = bulkInsert('t', [{ name: 'a' }], texts);
    for (const { text } of packetsOf([wide], 1_500)) expect(Buffer.byteLength(text)).to.be.at.most(1_500);
  });

  it('splits an insert, of which a server holds each statement in memory', () => {
    const long = bulkInsert(
      'event',
      [{ name: 'args' }],
      Array.from({ length: 50 }, () => ['x'.repeat(100_000)]),
    );
    const [packet, ...more] = packetsOf([long], 1 << 26);
    expect(more).to.deep.equal([]);
    const inserts = packet?.text.split(';').filter((text) => text.startsWith('INSERT')) ?? [];
    expect(inserts.length).to.be.within(5, 6);
    for (const text of inserts) expect(text.length).to.be.below(1_100_000);
  });

  it('writes each row whole, however long rows begin alike', () => {
    const value = fc.nat(2);
    const run = fc.record({ rows: fc.integer({ min: 1, max: 40 }), values: fc.tuple(value, value, value) });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 8 }), (runs) => {
        const rows = runs.flatMap(({ rows: count, values }) => Array.from({ length: count }, () => values));
        const columns = [0, 1, 2].map((at) => ({ name: `c${at}`, values: rows.map((row) => row[at] as number) }));
        const { inserts } = writeInserts({ table: 't', count: rows.length, columns }, 1 << 20);
        const written = rows.map((row) => `(${row.join(',')})`).join(',');
        expect(inserts.join()).to.equal('INSERT INTO `t` (`c0`, `c1`, `c2`) VALUES ' + written);
      }),
    );
  });

  it('refuses a row that is longer than what the server takes, and says what helps', () => {
    const row = bulkInsert('event', [{ name: 'args' }], [['short'], ['x'.repeat(2_000)]]);
    expect(() => packetsOf([row], 2_000))
      .to.throw(PacketSizeError, /a row takes 20\d\d bytes, and the database server accepts 2000 at once/)
      .with.property('hint', "raise the server's max_allowed_packet, and try again");
  });
});
