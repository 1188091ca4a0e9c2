import { expect } from 'chai';
import { JsonBytes, Literal } from '../../../../src/chain/logs/log-json/json-bytes.js';

const text = '","blockNumber":"0x12ü","logIndex":"';

describe('the bytes of an answer', () => {
  it('hold a text of any length where each of its bytes stands', () => {
    for (let length = 0; length <= text.length; length++) {
      const literal = new Literal(text.slice(0, length));
      const bytes = Buffer.from(`{${text.slice(0, length)}}`);
      expect(new JsonBytes(bytes).holds(1, literal), `length ${length}`).to.equal(true);
      for (let at = 1; at < 1 + literal.length; at++) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ 1;
        expect(new JsonBytes(changed).holds(1, literal), `length ${length}, byte ${at}`).to.equal(false);
      }
    }
  });

  it('hold nothing behind their end', () => {
    for (let length = 1; length <= text.length; length++) {
      const literal = new Literal(text.slice(0, length));
      const bytes = Buffer.from(text).subarray(0, literal.length - 1);
      expect(new JsonBytes(bytes).holds(0, literal)).to.equal(false);
    }
  });

  it('repeat what stood before where each byte is the same', () => {
    for (let length = 1; length <= 20; length++) {
      const word = '0123456789abcdef0123'.slice(0, length);
      const bytes = Buffer.from(`${word}${word}`);
      expect(new JsonBytes(bytes).repeats(length, 0, length)).to.equal(true);
      expect(new JsonBytes(bytes).repeats(length + 1, 0, length)).to.equal(false);
      for (let at = 0; at < length; at++) {
        const changed = Buffer.from(bytes);
        changed[length + at] = 0x80;
        expect(new JsonBytes(changed).repeats(length, 0, length), `byte ${at} of ${length}`).to.equal(false);
      }
    }
  });

  it('are digits where each is one of hex in lower case', () => {
    const digits = Buffer.from('0123456789abcdef');
    for (let length = 1; length <= 9; length++) {
      for (let at = 0; at < length; at++) {
        for (let byte = 0; byte < 256; byte++) {
          const bytes = Buffer.from('09af09af0'.slice(0, length));
          bytes[at] = byte;
          const message = `byte ${byte} at ${at} of ${length}`;
          expect(new JsonBytes(bytes).areDigits(0, length), message).to.equal(digits.includes(byte));
        }
      }
    }
    expect(new JsonBytes(digits).areDigits(1, digits.length + 1)).to.equal(false);
  });
});
