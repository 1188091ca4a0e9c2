/** What a benchmark was asked for on the command line: `--name value`. */
export interface BenchOptions {
  /** Returns a number that was given, or the default. */
  number(name: string, byDefault: number): number;
}

/** One measurement of a claim of the project. */
export interface Benchmark {
  /** What it shows, in a line. */
  readonly summary: string;
  run(options: BenchOptions, report: Report): Promise<void>;
}

/** Prints what was measured against what is claimed: a ratio, never a bare figure. */
export class Report {
  #made = 0;
  #failed = 0;

  /** Says whether nothing was measured. */
  get isEmpty(): boolean {
    return this.#made === 0;
  }

  /** Says whether every claim held. */
  get isGood(): boolean {
    return this.#failed === 0;
  }

  /** Something that a reader should know of the measurement. */
  note(text: string): void {
    console.log(`      ${text}`);
  }

  /** `measured` may be `limit` at most. */
  atMost(what: string, measured: number, limit: number, unit = ''): void {
    const share = limit === 0 ? '' : ` (${round(measured / limit)} of the limit)`;
    this.#claim(measured <= limit, `${what}: ${round(measured)}${unit}, limit ${limit}${unit}${share}`);
  }

  /** `measured` must be `floor` at least. */
  atLeast(what: string, measured: number, floor: number, unit = ''): void {
    this.#claim(measured >= floor, `${what}: ${round(measured)} of ${floor}${unit}`);
  }

  #claim(holds: boolean, text: string): void {
    this.#made++;
    if (!holds) this.#failed++;
    console.log(`${holds ? 'ok  ' : 'FAIL'}  ${text}`);
  }
}

function round(value: number): string {
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}
