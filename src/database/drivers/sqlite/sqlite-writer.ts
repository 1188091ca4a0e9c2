// The process that SqliteWriterProcess starts. DESIGN lets only cli touch `process`; this file is a program of its own.
import process from 'node:process';
import { tightenHeap } from '../../../runtime/tighten-heap.js';
import { unpackStep } from './packed-insert.js';
import { FenceError } from '../../script.js';
import { SqliteScriptRunner } from './sqlite-script-runner.js';
import type { WriterAnswer, WriterRequest, WriterScript } from './sqlite-writer-process.js';

/** What a script leaves behind is garbage at once; by itself the engine holds as much of it as of all else. */
const heapPercent = 30;
tightenHeap(heapPercent);

const runner = new SqliteScriptRunner(process.argv[2] ?? '', { checkpointsLater: true });

process.on('message', (request: WriterRequest) => {
  process.send?.(request.map(answer), checkpoint);
});

// The parent is gone, killed perhaps: what it had sent is committed or fenced out, and there is nothing more to do.
process.on('disconnect', () => {
  void runner.close();
});

// A signal meant for the parent must not cut a transaction short; the parent's end ends this process.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('SIGHUP', () => undefined);

/** Once the answer has left, nobody waits. */
function checkpoint(): void {
  try {
    runner.checkpoint();
  } catch {
    // A disk that is full or broken is met by the next script, which can tell somebody.
  }
}

function answer({ id, steps, isAside }: WriterScript): WriterAnswer {
  try {
    const unpacked = steps.map(unpackStep);
    return { id, results: isAside ? runner.runAsideSync(unpacked) : runner.runSync(unpacked) };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { id, error: { fence: error instanceof FenceError, code: code ?? null, message } };
  }
}
