import type { Output } from './output.js';

const begin = '\u001b[?1049h\u001b[?25l';
const end = '\u001b[?25h\u001b[?1049l';
const home = '\u001b[H';
const clearToEndOfLine = '\u001b[K';
const clearBelow = '\u001b[J';

/** The whole terminal, lent: what stood there comes back when the screen is closed. */
export class Screen {
  readonly #output: Output;
  #isOpen = false;

  constructor(output: Output) {
    this.#output = output;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  async open(): Promise<void> {
    this.#isOpen = true;
    await this.#output.write(begin);
  }

  /** Shows lines in the place of those before, without a flicker. */
  async show(lines: readonly string[]): Promise<void> {
    const shown = lines.slice(0, this.#output.size.rows);
    await this.#output.write(home + shown.map((line) => line + clearToEndOfLine).join('\r\n') + clearBelow);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#output.write(end);
  }
}
