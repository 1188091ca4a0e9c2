// Runs every test in four parts side by side: three that mostly wait (for processes, clocks, servers) and one that mostly
// computes, since together they take little longer than the longest. `npx mocha FILE` runs single ones.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Scenarios of what goes silent, and of what happens then. */
const liveness = 'alerts|clocks|database-away|detection|disk-full|freeze|monitor|monitor-cut-off';

const parts = {
  liveness: [`test/scenarios/@(${liveness}).test.ts`],
  scenarios: [`test/scenarios/!(${liveness}).test.ts`],
  commands: ['test/cli/**/*.test.ts', 'test/proof/@(ingestion|model).test.ts'],
  // The proof comes last: the simulator plays from the first test on, and is awaited there.
  computing: ['test/!(scenarios|cli|proof)/**/*.test.ts', 'test/*.test.ts', 'test/proof/!(ingestion|model).test.ts'],
};

const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
const colourCodes = /\u001b\[\d+m/g;
const started = new Set<ChildProcess>();

interface Part {
  /** All that it wrote, on both of its streams. */
  readonly output: Readable;
  /** Resolves with its exit code when it is gone. */
  readonly exited: Promise<number>;
}

function start(patterns: readonly string[]): Part {
  const colour = process.stdout.isTTY ? ['--color'] : [];
  const child = spawn(process.execPath, [mocha, ...colour, ...patterns, ...process.argv.slice(2)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  // Without a bound: what is not shown yet must not stop the tests.
  const output = new PassThrough({ highWaterMark: 2 ** 30 });
  const streams = [child.stdout, child.stderr].map((stream) => {
    stream.pipe(output, { end: false });
    return once(stream, 'end');
  });
  void Promise.all(streams).then(() => output.end());
  const exited = once(child, 'exit').then(([code]) => (typeof code === 'number' ? code : 1));
  return { output, exited: exited.finally(() => started.delete(child)) };
}

interface Outcome {
  /** How many of its tests passed, failed and were skipped. */
  readonly counts: readonly number[];
  /** What mocha says of those that failed. */
  readonly failures: string;
}

/** Shows what a part writes. */
async function show(part: Part): Promise<Outcome> {
  let end = '';
  part.output.on('data', (text: Buffer) => (end = (end + text.toString()).slice(-50_000)));
  await pipeline(part.output, process.stdout, { end: false });
  const counts = /mocha: (\d+) passed, (\d+) failed, (\d+) skipped\s*$/.exec(end)?.slice(1);
  const failures = /^ *\d+ failing$.*(?=^mocha: )/ms.exec(end.replaceAll(colourCodes, ''))?.[0] ?? '';
  return { counts: counts?.map(Number) ?? [0, 1, 0], failures };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => started.forEach((child) => child.kill(signal)));
}
const running = Object.values(parts).map(start);
const shown: Outcome[] = [];
for (const part of running) shown.push(await show(part));
// Whoever keeps only the end of a long output finds there what failed.
for (const { failures } of shown) process.stdout.write(failures);
const [passed, failed, skipped] = [0, 1, 2].map((index) =>
  shown.reduce((sum, { counts }) => sum + (counts[index] ?? 0), 0),
);
process.stdout.write(`\nmocha: ${passed} passed, ${failed} failed, ${skipped} skipped\n`);
const codes = await Promise.all(running.map(({ exited }) => exited));
process.exitCode = Math.max(...codes) === 0 ? 0 : 1;
