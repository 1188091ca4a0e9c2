import { LineSplitter } from '../runtime/line-splitter.js';
import type { LogTail } from '../runtime/log-tail.js';
import { ProblemError } from './problem.js';

/** Bytes of JSON that the lines of one answer take at most: what is older is left out. */
const mostJsonBytes = 4_000_000;

/** Bytes of a log that one answer reads at most: a log may grow as fast as it is read. */
const mostBytesRead = 80 * 1024 * 1024;

const lineBreak = 0x0a;

/** The newest lines of a log. */
export interface LogLines {
  readonly lines: readonly string[];
  /** Some that were asked for are left out or cut. */
  readonly truncated: boolean;
}

/** Reads the newest `most` lines of a log, as far as they fit; throws a ProblemError once the signal is aborted. */
export async function readLogLines(
  log: LogTail,
  {
    most,
    mask,
    signal,
  }: { readonly most: number; readonly mask: (line: string) => string; readonly signal: AbortSignal },
): Promise<LogLines> {
  const splitter = new LineSplitter(log);
  const newest = new NewestLines(most, mask);
  for (let bytes = 0; bytes < mostBytesRead;) {
    if (signal.aborted) throw new ProblemError(503, 'STOPPING', 'the server ends');
    const piece = await log.read();
    if (piece === undefined) break;
    bytes += piece.length;
    newest.add(splitter.push(piece));
  }
  newest.add(splitter.end());
  return { lines: newest.lines, truncated: newest.leftOut || splitter.cutLines > 0 };
}

/** How many lines a log has. */
export interface LogLength {
  readonly lines: number;
  /** It goes on behind the part that was counted. */
  readonly goesOn: boolean;
}

/** Counts the lines of a log from where it is opened on, in a part that is read quickly; keeps none of them. */
export async function countLogLines(log: LogTail, signal: AbortSignal): Promise<LogLength> {
  let lines = 0;
  let isInLine = false;
  for (let bytes = 0; bytes < mostBytesRead;) {
    if (signal.aborted) throw new ProblemError(503, 'STOPPING', 'the server ends');
    const piece = await log.read();
    if (piece === undefined) return { lines: lines + (isInLine ? 1 : 0), goesOn: false };
    bytes += piece.length;
    for (let end = piece.indexOf(lineBreak); end !== -1; end = piece.indexOf(lineBreak, end + 1)) lines++;
    isInLine = piece.at(-1) !== lineBreak;
  }
  return { lines, goesOn: true };
}

/** A window on lines that come in, bounded in number and in size. */
class NewestLines {
  readonly #most: number;
  readonly #mask: (line: string) => string;
  readonly #lines: { readonly text: string; readonly bytes: number }[] = [];
  #bytes = 0;
  /** Lines were left out for their size. */
  leftOut = false;

  constructor(most: number, mask: (line: string) => string) {
    this.#most = most;
    this.#mask = mask;
  }

  get lines(): readonly string[] {
    return this.#lines.map(({ text }) => text);
  }

  add(lines: readonly string[]): void {
    for (const line of lines) {
      const text = this.#mask(line);
      const bytes = Buffer.byteLength(JSON.stringify(text)) + 1;
      this.#lines.push({ text, bytes });
      this.#bytes += bytes;
      while (this.#lines.length > this.#most || this.#bytes > mostJsonBytes) this.#dropOldest();
    }
  }

  #dropOldest(): void {
    this.leftOut ||= this.#lines.length <= this.#most;
    this.#bytes -= this.#lines.shift()?.bytes ?? 0;
  }
}
