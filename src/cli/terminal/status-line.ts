import { printableLine } from '../../runtime/printable.js';
import { sizeOf, type CommandStream } from './command-io.js';
import { fitText } from './fit-text.js';

const clearLine = '\r\u001b[2K';

/** The last line of a terminal, which shows what is going on, and everything that scrolls by above it. */
export class StatusLine {
  readonly #stream: CommandStream;
  #text = '';

  constructor(stream: CommandStream) {
    this.#stream = stream;
  }

  /** The terminal's width. */
  get columns(): number {
    return sizeOf(this.#stream).columns;
  }

  /** Writes whole lines above the status. */
  write(text: string): void {
    this.#stream.write(this.#text === '' ? text : `${clearLine}${text}${this.#text}`);
  }

  /** Shows a text in place of the one before; no text clears the line. */
  show(text: string): void {
    const shown = fitText(printableLine(text), this.columns - 1);
    if (shown === this.#text) return;
    this.#text = shown;
    this.#stream.write(clearLine + shown);
  }

  /** Leaves the text that is shown where it is, as an ordinary line. */
  finish(): void {
    if (this.#text !== '') this.#stream.write('\n');
    this.#text = '';
  }
}
