import { expect } from 'chai';
import { Output } from '../../../src/cli/terminal/output.js';
import { StatusLine } from '../../../src/cli/terminal/status-line.js';
import { SecretMask } from '../../../src/runtime/secrets.js';
import { FakeStream } from '../fake-io.js';

function setUp(options: { json?: boolean; quiet?: boolean } = {}): {
  stdout: FakeStream;
  output: Output;
  notes: string[];
} {
  const stdout = new FakeStream();
  const notes: string[] = [];
  const secrets = new SecretMask();
  secrets.rememberPassword('123456');
  const note = (text: string): void => void notes.push(text);
  const output = new Output({ stdout, note, json: false, quiet: false, color: false, lang: 'en', secrets, ...options });
  return { stdout, output, notes };
}

const headings = [{ column: 'id', align: 'right' }, { column: 'name' }] as const;

describe('Output', () => {
  it('aligns the columns of a table', async () => {
    const { stdout, output } = setUp();
    await output.table(headings, [
      [1, 'a'],
      [123, null],
    ]);
    expect(stdout.text).to.equal(' id  name\n  1  a\n123  -\n');
  });

  it('keeps each row on a line of its own', async () => {
    const { stdout, output } = setUp();
    await output.table(headings, [[1, 'two\nlines']]);
    expect(stdout.text).to.equal('id  name\n 1  two lines\n');
  });

  it('takes a terminal of 0 columns and rows for one that does not say its size', async () => {
    const { stdout, output } = setUp();
    Object.assign(stdout, { isTTY: true, columns: 0, rows: 0 });
    expect(output.size).to.deep.equal({ columns: 80, rows: 24 });
    await output.table(headings, [[1, 'a whole name']]);
    expect(stdout.text).to.contain('│ a whole name │');
    const statusLine = new StatusLine(stdout);
    statusLine.show('block 5');
    expect(statusLine.columns).to.equal(80);
    expect(stdout.text).to.contain('block 5');
  });

  it('masks secrets in tables and lines, but no numbers', async () => {
    const { stdout, output } = setUp();
    await output.table(headings, [[123456, 'with 123456 at https://a.example/KEY']]);
    await output.line('with 123456');
    expect(stdout.text).to.equal('    id  name\n123456  with *** at https://a.example/***\nwith ***\n');
  });

  it('prints a JSON document on one line where it is no terminal', async () => {
    const { stdout, output } = setUp();
    await output.json({ a: [1] });
    expect(stdout.text).to.equal('{"a":[1]}\n');
  });

  it('keeps remarks off where only results or JSON are wanted', () => {
    for (const options of [{ quiet: true }, { json: true }]) {
      const { output, notes } = setUp(options);
      output.note('by the way');
      expect(notes).to.deep.equal([]);
    }
    const { output, notes, stdout } = setUp();
    output.note('by the way');
    expect(notes).to.deep.equal(['by the way\n']);
    expect(stdout.text).to.equal('');
  });

  it('waits until a chunk is taken', async () => {
    const { stdout, output } = setUp();
    let take = (): void => undefined;
    stdout.write = (_text, done) => {
      take = () => done?.();
      return false;
    };
    let written = false;
    const writing = output.write('chunk').then(() => (written = true));
    await Promise.resolve();
    expect(written).to.equal(false);
    take();
    await writing;
  });

  for (const [code, isTTY, hasReaderLeft] of [
    ['EPIPE', false, true],
    ['EIO', true, true],
    ['EIO', false, false],
  ] as const) {
    it(`writes nothing more after ${code} of ${isTTY ? 'a terminal' : 'a pipe or a file'}`, async () => {
      const { stdout, output } = setUp();
      Object.assign(stdout, { isTTY });
      stdout.emit('error', Object.assign(new Error(`write ${code}`), { code }));
      let thrown: unknown;
      await output.line('more').catch((error: unknown) => (thrown = error));
      expect(thrown).to.include({ hasReaderLeft, exitCode: 1 });
      expect(stdout.text).to.equal('');
    });
  }

  it('lets nothing in tables, lines and remarks steer the terminal', async () => {
    const { stdout, output, notes } = setUp();
    await output.table(headings, [[1, 'a\u001b[2J\u009b1m\u202eb']]);
    await output.line('a\u001b]0;title\u0007\nforged');
    await output.lines('two\nlines\u001b[A');
    output.note('\u001b[1A\nforged');
    expect(stdout.text).to.equal(
      'id  name\n 1  a\ufffd[2J\ufffd1m\ufffdb\na\ufffd]0;title\ufffd forged\ntwo\nlines\ufffd[A\n',
    );
    expect(notes).to.deep.equal(['\ufffd[1A forged\n']);
  });

  it('lets nothing in JSON and data steer a terminal, and leaves both as they are elsewhere', async () => {
    for (const isTTY of [true, false]) {
      const { stdout, output } = setUp();
      Object.assign(stdout, { isTTY });
      await output.json({ name: 'a\u009b2J\u001b' });
      await output.jsonText('{"b":"\u202e"}\n');
      await output.data('x,\u001b[2J\r\n');
      expect(stdout.text.replace(/\s/g, '')).to.equal(
        isTTY
          ? '{"name":"a\\u009b2J\\u001b"}{"b":"\\u202e"}x,\ufffd[2J'
          : '{"name":"a\u009b2J\\u001b"}{"b":"\u202e"}x,\u001b[2J',
      );
    }
  });
});
