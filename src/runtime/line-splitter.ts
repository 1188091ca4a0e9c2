import { StringDecoder } from 'node:string_decoder';

const lineBreak = 0x0a;

/** The bytes of a line that are shown, at most: nobody reads more, and a line that never ends must not fill the memory. */
const longestLineBytes = 256 * 1024;

/** Cuts a stream of bytes into lines. A line that is too long loses its end, and a mark says how long it was. */
export class LineSplitter {
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #lineBytes = 0;
  #cutLines = 0;
  /** The first line's begin is not in the stream. */
  #isInside: boolean;

  constructor({ startsInside = false }: { readonly startsInside?: boolean } = {}) {
    this.#isInside = startsInside;
  }

  /** How many lines were returned without a part of theirs. */
  get cutLines(): number {
    return this.#cutLines;
  }

  /** Takes a piece; returns the lines that it completes. */
  push(piece: Buffer): readonly string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = piece.indexOf(lineBreak); end !== -1; end = piece.indexOf(lineBreak, start)) {
      this.#add(piece.subarray(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    this.#add(piece.subarray(start));
    return lines;
  }

  /** Returns the last line where it has no line break. */
  end(): readonly string[] {
    return this.#lineBytes === 0 ? [] : [this.#take()];
  }

  #add(part: Buffer): void {
    this.#lineBytes += part.length;
    const room = longestLineBytes - this.#keptBytes;
    if (room === 0 || part.length === 0) return;
    // The piece's bytes are another's with the next one.
    const kept = Buffer.from(part.subarray(0, room));
    this.#kept.push(kept);
    this.#keptBytes += kept.length;
  }

  #take(): string {
    const isCut = this.#lineBytes > this.#keptBytes;
    const bytes = Buffer.concat(this.#kept, this.#keptBytes);
    // A decoder keeps half a character back, which is what a cut may leave.
    const text = isCut ? `${new StringDecoder('utf8').write(bytes)}… [cut${this.#lengthText()}]` : bytes.toString();
    const line = this.#isInside ? `[cut] …${text}` : text;
    if (isCut || this.#isInside) this.#cutLines++;
    this.#isInside = false;
    this.#kept = [];
    this.#keptBytes = 0;
    this.#lineBytes = 0;
    return line;
  }

  #lengthText(): string {
    return this.#isInside ? '' : `: ${this.#lineBytes} bytes`;
  }
}
