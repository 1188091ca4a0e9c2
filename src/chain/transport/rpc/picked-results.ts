const [quote, comma, colon, backslash] = [0x22, 0x2c, 0x3a, 0x5c];
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Longer texts are ended by a search that is quicker, but takes a while to begin. */
const longText = 80;

/** What a text may hold that is to be parsed: what is no ASCII, and what JSON does not allow. */
const notPlain = /[^ -~]/;

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

/** A name of a field, and how it is written. */
interface Name {
  readonly name: string;
  readonly bytes: Buffer;
}

const replyNames = ['jsonrpc', 'id', 'result', 'error'].map(nameOf);

class ResultPicker {
  readonly #json: Buffer;
  readonly #view: DataView;
  readonly #wanted: readonly Name[];
  #at = 0;

  constructor(json: Buffer, fields: readonly string[]) {
    this.#json = json;
    this.#view = new DataView(json.buffer, json.byteOffset, json.byteLength);
    this.#wanted = fields.map(nameOf);
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
    this.#expect(openObject);
    if (this.#isNext(closeObject)) return reply;
    do {
      const [from, end] = this.#name();
      const name = this.#nameAmong(replyNames, from, end) ?? this.#json.toString('latin1', from, end);
      if (name === 'error') throw new Unexpected();
      reply[name] = name === 'result' && this.#peek() === openObject ? this.#picked() : this.#scalar();
    } while (this.#isNext(comma));
    this.#expect(closeObject);
    return reply;
  }

  #picked(): unknown {
    const picked: Record<string, unknown> = {};
    this.#expect(openObject);
    if (this.#isNext(closeObject)) return picked;
    do {
      const [from, end] = this.#name();
      const name = this.#nameAmong(this.#wanted, from, end);
      if (name === undefined) this.#skipValue();
      else picked[name] = this.#scalar();
    } while (this.#isNext(comma));
    this.#expect(closeObject);
    return picked;
  }

  /** Goes to the value of a field; returns where its name stands. */
  #name(): readonly [from: number, end: number] {
    this.#expect(quote);
    const from = this.#at;
    this.#skipText();
    const end = this.#at - 1;
    this.#expect(colon);
    this.#skipSpace();
    return [from, end];
  }

  /** Only names of the right length are looked at. */
  #nameAmong(names: readonly Name[], from: number, end: number): string | undefined {
    for (const { name, bytes } of names) if (bytes.length === end - from && this.#holds(from, bytes)) return name;
    return undefined;
  }

  #holds(at: number, bytes: Buffer): boolean {
    for (let i = 0; i < bytes.length; i++) if (this.#json[at + i] !== bytes[i]) return false;
    return true;
  }

  /** Reads a text, a number, true, false or null. */
  #scalar(): unknown {
    const from = this.#at;
    const first = this.#peek();
    if (first === openObject || first === openArray) throw new Unexpected();
    if (first !== quote) this.#skipValue();
    else {
      this.#at++;
      this.#skipText();
      const text = this.#json.toString('latin1', from + 1, this.#at - 1);
      if (!notPlain.test(text)) return text;
    }
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
    let at = this.#at;
    const far = at + longText;
    const last = Math.min(far, json.length - 4);
    while (at <= last && !holdQuote(this.#view.getInt32(at, true))) at += 4;
    if (at > far) at = json.indexOf(quote, at);
    while (json[at] !== quote) if (at < 0 || ++at >= json.length) throw new Unexpected();
    this.#at = at + 1;
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

function nameOf(name: string): Name {
  return { name, bytes: Buffer.from(name) };
}

/** Says whether one of four bytes is a quote: taken from it, which leaves zero, it borrows from its highest bit. */
function holdQuote(bytes: number): boolean {
  const others = bytes ^ 0x22222222;
  return ((others - 0x01010101) & ~others & 0x80808080) !== 0;
}
