import type { Lang } from '../../runtime/lang.js';
import { printable, printableJson, printableLine } from '../../runtime/printable.js';
import type { SecretMask } from '../../runtime/secrets.js';
import { sizeOf, type CommandStream } from './command-io.js';
import { StdoutClosedError } from './stdout-closed-error.js';
import { renderTable, type Heading } from './render-table.js';
import { textsIn } from '../../texts/texts.js';

export type Cell = string | number | boolean | null | undefined;

export interface OutputOptions {
  readonly stdout: CommandStream;
  /** Writes lines to stderr, above a progress bar where there is one. */
  readonly note: (text: string) => void;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  /** A terminal only prints what it is given, and knows no control codes: `TERM=dumb`. */
  readonly isDumb?: boolean;
  /** Tables are as wide as they are, whatever the terminal shows. */
  readonly wide?: boolean;
  /** The terminal's width, where somebody says another one than it does: the variable COLUMNS. */
  readonly columns?: number | undefined;
  readonly lang: Lang;
  readonly secrets: SecretMask;
}

/**
 * Prints a command's results on stdout and remarks on stderr. Tables, lines and remarks are masked, and steer no terminal;
 * JSON and data are not masked, as events may hold any text, and made fit for a terminal only where they go to one.
 */
export class Output {
  readonly #options: OutputOptions;
  #failure: Error | null = null;

  constructor(options: OutputOptions) {
    this.#options = options;
    options.stdout.on('error', this.#fail);
  }

  /** Says whether results are wanted as JSON. */
  get isJson(): boolean {
    return this.#options.json;
  }

  get isQuiet(): boolean {
    return this.#options.quiet;
  }

  get isTerminal(): boolean {
    return this.#options.stdout.isTTY === true;
  }

  /** Says whether what is shown for people may be replaced by what is newer. */
  get isScreen(): boolean {
    return this.isTerminal && !this.isJson && this.#options.isDumb !== true;
  }

  /** How much the terminal shows. */
  get size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = sizeOf(this.#options.stdout);
    return { columns: this.#options.columns ?? columns, rows };
  }

  /** The width that a table must fit; undefined where it may be as wide as it is. */
  get tableColumns(): number | undefined {
    return this.isTerminal && this.#options.wide !== true ? this.size.columns : undefined;
  }

  /** Says whether results may be coloured. */
  get isColored(): boolean {
    return this.#options.color && this.isTerminal;
  }

  get lang(): Lang {
    return this.#options.lang;
  }

  /** Prints a table for people, its headings in their language. */
  async table(headings: readonly Heading[], rows: readonly (readonly Cell[])[]): Promise<void> {
    const { lang, color, stdout, secrets } = this.#options;
    const cells = rows.map((row) => row.map((cell) => maskCell(cell, secrets)));
    const isTerminal = stdout.isTTY === true;
    const style = { lang, color: color && isTerminal, isTerminal, columns: this.tableColumns };
    const { text, hidden } = await renderTable(headings, cells, style);
    await this.write(`${text}\n`);
    this.tellHidden(hidden);
  }

  /** Remarks which columns of a table were left out, where there are any. */
  tellHidden(hidden: readonly string[]): void {
    if (hidden.length === 0) return;
    const names = [...new Set(hidden)].join(', ');
    this.note(textsIn(this.lang).commands.hidden(names));
  }

  /** Prints a JSON document: indented for a terminal, else on one line. */
  async json(document: unknown): Promise<void> {
    await this.jsonText(`${JSON.stringify(document, null, this.isTerminal ? 2 : undefined)}\n`);
  }

  /** Prints JSON that was made already: a document, or lines. */
  async jsonText(text: string): Promise<void> {
    await this.write(this.isTerminal ? printableJson(text) : text);
  }

  /** Prints data of another form: CSV, YAML. */
  async data(text: string): Promise<void> {
    await this.write(this.isTerminal ? printable(text) : text);
  }

  /** Prints a line of a result. */
  async line(text: string): Promise<void> {
    await this.write(`${printableLine(this.#options.secrets.mask(text))}\n`);
  }

  /** Prints lines of a result that come as one text. */
  async lines(text: string): Promise<void> {
    await this.write(`${printable(this.#options.secrets.mask(text))}\n`);
  }

  /** Prints a remark that is no result: not where only results, or JSON, are wanted. */
  note(text: string): void {
    if (!this.#options.quiet && !this.#options.json)
      this.#options.note(`${printableLine(this.#options.secrets.mask(text))}\n`);
  }

  /** Writes as it is what steers no terminal, or is meant to; resolves as soon as the reader has room for the next. */
  async write(chunk: string): Promise<void> {
    this.#throwFailure();
    await new Promise<void>((resolve) => {
      this.#options.stdout.write(chunk, (error) => {
        if (error) this.#fail(error);
        resolve();
      });
    });
    this.#throwFailure();
  }

  /** Lets go of stdout. */
  close(): void {
    this.#options.stdout.off('error', this.#fail);
  }

  readonly #fail = (error: Error): void => {
    this.#failure ??= error;
  };

  #throwFailure(): void {
    if (this.#failure !== null) throw new StdoutClosedError(this.#failure, this.isTerminal);
  }
}

/** Numbers and times can't hold a secret, but a password of digits might look like one. */
function maskCell(cell: Cell, secrets: SecretMask): string {
  const text = cell === null || cell === undefined ? '-' : String(cell);
  return /^[\d.,:TZ +-]*$/.test(text) ? text : secrets.mask(text);
}
