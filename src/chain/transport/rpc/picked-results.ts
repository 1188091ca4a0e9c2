const [quote, comma, colon, backslash] = [0x22, 0x2c, 0x3a, 0x5c];
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Longer texts are ended by a search that is quicker, but takes a while to begin. */
const longText = 80;

/** The text is not written in the way in which nodes write answers: it is to be parsed as a whole. */
class Unexpected extends Error {}

/**
 * Reads an array of JSON-RPC answers whose results are objects, or null, and of these objects some fields alone: most of a
 * block is nothing that whoever wants its time must hold. Returns undefined where one answer is something else, such as an
 * error, or no JSON as nodes write it: then the text is to be parsed as a whole.
 */
export function pickResults(json: Buffer, fields: readonly string[]): unknown[] | undefined {
  // What is escaped would have to be read as a whole to know where it ends.
  if (json.includes(backslash)) return undefined;
  try {
    return new ResultPicker(json, fields).read();
  } catch (error) {
    if (error instanceof Unexpected || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What is made of an object's field; `length`: of its name. */
type ReadField = (from: number, length: number) => void;

class ResultPicker {
  readonly #json: Buffer;
  readonly #fields: readonly string[];
  #at = 0;

  constructor(json: Buffer, fields: readonly string[]) {
    this.#json = json;
    this.#fields = fields;
  }

  read(): unknown[] {
    const replies: unknown[] = [];
    this.#expect(openArray);
    do replies.push(this.#reply());
    while (this.#isNext(comma));
    this.#expect(closeArray);
    this.#skipSpace();
    if (this.#at < this.#json.length) throw new Unexpected();
    return replies;
  }

  #reply(): unknown {
    const reply: Record<string, unknown> = {};
    this.#eachField((from, length) => {
      const name = this.#json.toString('latin1', from, from + length);
      if (name === 'error') throw new Unexpected();
      reply[name] = name === 'result' && this.#peek() === openObject ? this.#picked() : this.#scalar();
    });
    return reply;
  }

  #picked(): unknown {
    const picked: Record<string, unknown> = {};
    this.#eachField((from, length) => {
      const name = this.#wanted(from, length);
      if (name === undefined) this.#skipValue();
      else picked[name] = this.#scalar();
    });
    return picked;
  }

  /** Only names of the right length are looked at. */
  #wanted(from: number, length: number): string | undefined {
    for (const field of this.#fields) {
      if (field.length === length && this.#json.toString('latin1', from, from + length) === field) return field;
    }
    return undefined;
  }

  #eachField(read: ReadField): void {
    this.#expect(openObject);
    if (this.#isNext(closeObject)) return;
    do {
      this.#expect(quote);
      const from = this.#at;
      this.#skipText();
      const length = this.#at - 1 - from;
      this.#expect(colon);
      this.#skipSpace();
      read(from, length);
    } while (this.#isNext(comma));
    this.#expect(closeObject);
  }

  /** Reads a text, a number, true, false or null. */
  #scalar(): unknown {
    const from = this.#at;
    const first = this.#peek();
    if (first === openObject || first === openArray) throw new Unexpected();
    this.#skipValue();
    return JSON.parse(this.#json.toString('utf8', from, this.#at)) as unknown;
  }

  /** Goes behind a value, which is not looked at beyond its brackets and quotes. */
  #skipValue(): void {
    const json = this.#json;
    for (let depth = 0; this.#at < json.length; this.#at++) {
      const byte = json[this.#at];
      if (byte === quote) {
        this.#at++;
        this.#skipText();
        this.#at--;
      } else if (byte === openObject || byte === openArray) depth++;
      else if (byte === closeObject || byte === closeArray) {
        if (depth === 0) return;
        depth--;
      } else if (byte === comma && depth === 0) return;
    }
    throw new Unexpected();
  }

  /** Goes behind the closing quote of a text. */
  #skipText(): void {
    const json = this.#json;
    for (const from = this.#at; json[this.#at] !== quote; this.#at++) {
      if (this.#at - from < longText) continue;
      this.#at = json.indexOf(quote, this.#at);
      if (this.#at < 0) throw new Unexpected();
      break;
    }
    this.#at++;
  }

  #expect(byte: number | undefined): void {
    if (!this.#isNext(byte)) throw new Unexpected();
  }

  /** Goes behind a byte, and space before it, where it comes next. */
  #isNext(byte: number | undefined): boolean {
    this.#skipSpace();
    if (this.#peek() !== byte) return false;
    this.#at++;
    return true;
  }

  #peek(): number | undefined {
    return this.#json[this.#at];
  }

  #skipSpace(): void {
    for (let byte = this.#peek(); byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = this.#peek())
      this.#at++;
  }
}
