// The process that SqliteWriterProcess starts. DESIGN lets only cli touch `process`; this file is a program of its own.
import process from 'node:process';
import { systemClock } from '../../../runtime/clock.js';
import { tightenHeap } from '../../../runtime/tighten-heap.js';
import { unpackStep } from './packed-insert.js';
import { FenceError } from '../../script.js';
import type { ScriptStep } from '../../script.js';
import { SqliteScriptRunner } from './sqlite-script-runner.js';
import type { WriterAnswer, WriterRequest, WriterScript } from './sqlite-writer-process.js';

/** What a script leaves behind is garbage at once; by itself the engine holds as much of it as of all else. */
const heapPercent = 30;
tightenHeap(heapPercent);

/** For so long nothing is heard while a lock is another's, in milliseconds: then it is seen whether something urgent has come. */
const busyMs = 50;

const runner = new SqliteScriptRunner(process.argv[2] ?? '', { checkpointsLater: true, busyMs });

/** A request that has yet to be answered. */
interface Work {
  readonly request: WriterRequest;
  readonly answers: WriterAnswer[];
  /** The script that comes next, read once, however often it is tried. */
  steps: readonly ScriptStep[] | null;
  /** Since when a lock of another's is in its way, by the monotonic clock: its scripts wait together. */
  lockedSince: number | null;
}

/** What is urgent comes before all else; what is not waits until those before it are done. */
const queue: Work[] = [];
let isWaiting = false;
let isLeft = false;

process.on('message', (request: WriterRequest) => {
  const behind = request.isUrgent ? queue.findIndex((work) => !work.request.isUrgent) : -1;
  queue.splice(behind === -1 ? queue.length : behind, 0, { request, answers: [], steps: null, lockedSince: null });
  if (!isWaiting) goOn();
});

// The parent is gone, killed perhaps: what it had sent is committed or fenced out, and there is nothing more to do.
process.on('disconnect', () => {
  isLeft = true;
  if (!isWaiting) void runner.close();
});

// A signal meant for the parent must not cut a transaction short; the parent's end ends this process.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('SIGHUP', () => undefined);

/** Does what there is, until a lock of another's is in the way. */
function goOn(): void {
  isWaiting = false;
  for (let [work] = queue; work !== undefined; [work] = queue) {
    const script = work.request.scripts[work.answers.length];
    if (script === undefined) {
      queue.shift();
      process.send?.(work.answers, checkpoint);
      continue;
    }
    const given = answer(script, work);
    if (given === null) {
      isWaiting = true;
      setImmediate(goOn);
      return;
    }
    work.answers.push(given);
    work.steps = null;
  }
  if (isLeft) void runner.close();
}

/** Once the answer has left, nobody waits. */
function checkpoint(): void {
  try {
    runner.checkpoint();
  } catch {
    // A disk that is full or broken is met by the next script, which can tell somebody.
  }
}

/** Runs a script; returns null where a lock of another's is in the way, and is still waited for. */
function answer({ id, steps, waitMs }: WriterScript, work: Work): WriterAnswer | null {
  try {
    work.steps ??= steps.map(unpackStep);
    const results = waitMs === 0 ? runner.runAsideSync(work.steps) : runner.runSync(work.steps);
    work.lockedSince = null;
    return { id, results };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code?.startsWith('SQLITE_BUSY') === true && waitMs > 0) {
      work.lockedSince ??= systemClock.monotonic();
      if (systemClock.monotonic() - work.lockedSince < waitMs - busyMs) return null;
    }
    return { id, error: { fence: error instanceof FenceError, code: code ?? null, message } };
  }
}
