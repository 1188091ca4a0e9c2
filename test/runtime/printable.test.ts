import { expect } from 'chai';
import { createJsonLogger } from '../../src/runtime/json-logger.js';
import { printable, printableJson, printableLine } from '../../src/runtime/printable.js';
import { SecretMask } from '../../src/runtime/secrets.js';

/** Clears the screen, sets the title, the same with a C1 control, delete, right to left, zero width, a line's end. */
const hostile = 'a\u001b[2J\u001b]0;t\u0007\u009b2J\u0085\u007f\u0000\u202eb\u2066\u200b\ufeff\u2028\u{e0041}';

describe('what is printed', () => {
  it('keeps every character that is text, in any language', () => {
    const text = 'Grüße, 你好, مرحبا, नमस्ते, 👨\u200d👩\u200d👧, ∀x: ✔ — “ok”';
    expect(printableLine(text)).to.equal(text);
    expect(printable(`${text}\n\t${text}`)).to.equal(`${text}\n\t${text}`);
  });

  it('shows a mark for what would steer the terminal, hide or reorder text', () => {
    for (const clean of [printable(hostile), printableLine(hostile)]) {
      expect(clean).to.match(/^[a-zA-Z0-9[\];\ufffd]*$/);
      expect(clean).to.match(/^a\ufffd\[2J\ufffd\]0;t\ufffd/);
    }
  });

  it('keeps one line where one is promised', () => {
    expect(printableLine('a\r\nb\n\nc\td\u2028e\u0085f')).to.equal('a b c d\ufffde\ufffdf');
    expect(printable('a\r\nb\rc')).to.equal('a\nb\ufffdc');
  });

  it('escapes it in JSON, which stays the same to a program', () => {
    const json = JSON.stringify({ [hostile]: hostile }, null, 2);
    expect(printableJson(json)).to.match(/^[\x20-\x7e\n]*$/);
    expect(JSON.parse(printableJson(json))).to.deep.equal({ [hostile]: hostile });
    const line = '{"a":"é你👨\u200d👩"}\n';
    expect(printableJson(line)).to.equal(line);
  });

  it('escapes it in the JSON of a log', () => {
    let text = '';
    const logger = createJsonLogger({ write: (line) => (text += line) }, { level: 'info', secrets: new SecretMask() });
    logger.log('info', hostile, { error: hostile });
    expect(text).to.match(/^[\x20-\x7e]*\n$/);
    expect(JSON.parse(text)).to.include({ msg: hostile, error: hostile });
  });

  it('takes time in proportion to the text', () => {
    const long = '\u001b'.repeat(1_000_000);
    expect(printableLine(long).length + printable(long).length).to.equal(2_000_000);
  });
});
