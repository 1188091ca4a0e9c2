import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { atEnd } from '../test/support/at-end.js';

/** What a simulated process is told to do. */
export interface SimulatedWork {
  readonly url: string;
  /** For each worker process that is simulated, its tasks. */
  readonly processes: readonly (readonly number[])[];
  readonly heartbeatIntervalSeconds: number;
  readonly moveEveryMs: number;
  readonly stallAfterMs: number;
  readonly statementTimeoutMs: number;
  readonly beatTimeoutMs: number;
}

/** What became of its beats. */
export interface SimulatedProcessStats {
  landed: number;
  failed: number;
  refused: number;
  /** Statements sent. */
  statements: number;
  /** The shortest time from one statement of a worker process to its next. */
  shortestGapMs: number;
}

/** A process that beats for the tasks of several worker processes, each with connections and rounds of its own. */
export class SimulatedProcess {
  readonly #process: ChildProcess;

  constructor(work: SimulatedWork) {
    const program = fileURLToPath(new URL('simulated-process.ts', import.meta.url));
    this.#process = fork(program, [JSON.stringify(work)], { execArgv: ['--import', 'tsx'] });
    atEnd(() => this.kill());
  }

  async stats(): Promise<SimulatedProcessStats> {
    const answered = once(this.#process, 'message');
    this.#process.send('stats');
    const [stats] = (await answered) as [SimulatedProcessStats];
    return stats;
  }

  /** Ends it as `kill -9` does. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}

/** Cuts a list into so many parts of nearly the same length. */
export function divide<T>(list: readonly T[], parts: number): readonly (readonly T[])[] {
  return Array.from({ length: parts }, (_, part) => list.filter((_item, index) => index % parts === part));
}
