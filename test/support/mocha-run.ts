import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PassThrough, type Readable } from 'node:stream';

/**
 * Mocha's program itself. `bin/mocha.js` is one more process: it finds out how to start this one, waits for it, and
 * passes no SIGTERM on.
 */
const mocha = createRequire(import.meta.url).resolve('mocha/lib/cli/cli.js');
const colourCodes = /\u001b\[\d+m/g;
const started = new Set<ChildProcess>();

/** What is kept of the end of an output, in characters: the summary of what failed is in it. */
const keptLength = 200_000;

/** How many tests passed, failed and were skipped. */
export type Counts = readonly [passed: number, failed: number, skipped: number];

export interface MochaRun {
  /** All that it wrote, on both of its streams. */
  readonly output: Readable;
  /** Resolves when it is gone with its exit code, and with how long it ran. */
  readonly ended: Promise<{ readonly code: number; readonly seconds: number }>;
}

export interface Outcome {
  readonly counts: Counts;
  readonly seconds: number;
  /** It failed, and not by a test. */
  readonly isBroken: boolean;
  /** Of each file in which a test failed. */
  readonly failedFiles: ReadonlyMap<string, Counts>;
  /** The files that took longer than others, and for how many seconds they had processors work. */
  readonly slow: readonly { readonly file: string; readonly seconds: number; readonly processors: number }[];
  /** The titles of the tests that passed, near the end of a long output. */
  readonly played: readonly string[];
  /** What mocha says of the tests that failed. */
  readonly failures: string;
}

/** Runs the tests of some files or patterns in a process of their own, with the options that this one was given. */
export function startMocha(patterns: readonly string[]): MochaRun {
  const colour = process.stdout.isTTY ? ['--color'] : [];
  const options = ['--exit', ...colour, ...patterns, ...process.argv.slice(2)];
  // Exits at once: a Node that ended by itself was seen to spin for ever while it cleaned up, all tests passed.
  const child = spawn(process.execPath, [...nodeOptions(), mocha, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.add(child);
  // Without a bound: what is not shown yet must not stop the tests.
  const output = new PassThrough({ highWaterMark: 2 ** 30 });
  const streams = [child.stdout, child.stderr].map((stream) => {
    stream.pipe(output, { end: false });
    return once(stream, 'end');
  });
  void Promise.all(streams).then(() => output.end());
  const startedAt = performance.now();
  const ended = once(child, 'exit').then(([code]) => {
    started.delete(child);
    return { code: typeof code === 'number' ? code : 1, seconds: (performance.now() - startedAt) / 1_000 };
  });
  return { output, ended };
}

/** Shows what a run writes, until it ends. */
export async function show(run: MochaRun): Promise<Outcome> {
  let end = '';
  for await (const part of run.output.setEncoding('utf8') as AsyncIterable<string>) {
    end = (end + part).slice(-keptLength);
    if (!process.stdout.write(part)) await once(process.stdout, 'drain');
  }
  const text = end.replaceAll(colourCodes, '');
  const told = /^mocha: (\d+) passed, (\d+) failed, (\d+) skipped\s*$/m.exec(text);
  const [passed, failed, skipped] = countsOf(told?.slice(1) ?? []);
  // One that ended without its counts, or badly in spite of them, has failed.
  const { code, seconds } = await run.ended;
  const isBroken = told === null || (failed === 0 && code !== 0);
  const files = text.matchAll(/^mocha: (\S+): (\d+) passed, (\d+) failed, (\d+) skipped$/gm);
  return {
    counts: [passed, isBroken ? 1 : failed, skipped],
    seconds,
    isBroken,
    failedFiles: new Map([...files].map(([, file = '', ...numbers]) => [file, countsOf(numbers)])),
    played: [...text.matchAll(/^ *✔ .*$/gm)].map(([line]) => line.trim()),
    slow: [...text.matchAll(/^mocha: (\S+) took (\d+) s, (\d+|NaN) s of processors$/gm)].map(
      ([, file = '', ...took]) => ({
        file,
        seconds: Number(took[0]),
        processors: Number(took[1]),
      }),
    ),
    failures: /^ *\d+ failing$.*?(?=^mocha: )/ms.exec(text)?.[0] ?? '',
  };
}

/** Ends all that run, and with them what they started: at SIGINT they would play their test to its end first. */
export function stopAll(): void {
  for (const child of started) child.kill('SIGTERM');
}

/** With what mocha would start Node. */
function nodeOptions(): readonly string[] {
  const config = JSON.parse(readFileSync('.mocharc.json', 'utf8')) as Readonly<Record<string, readonly string[]>>;
  return (config['node-option'] ?? []).map((option) => `--${option}`);
}

function countsOf(numbers: readonly string[]): Counts {
  const [passed = 0, failed = 0, skipped = 0] = numbers.map(Number);
  return [passed, failed, skipped];
}
