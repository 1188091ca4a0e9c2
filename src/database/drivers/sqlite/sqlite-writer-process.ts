import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../../runtime/clock.js';
import { DatabaseUnreachableError } from '../../../runtime/errors.js';
import { busyTimeoutMs } from './busy-timeout.js';
import { packInsert } from './packed-insert.js';
import type { PackedInsert, PackedStep } from './packed-insert.js';
import { scriptAttempts } from '../../driver.js';
import { FenceError, isBulkInsert } from '../../script.js';
import type { BulkInsert, ScriptRunner, ScriptStep, TellSent, StepResult } from '../../script.js';

/** What the writer is sent: scripts that it runs one after the other, each as a transaction of its own. */
export interface WriterRequest {
  readonly scripts: readonly WriterScript[];
  /** It goes before others, also where one of them waits for a lock. */
  readonly isUrgent: boolean;
}

export interface WriterScript {
  readonly id: number;
  readonly steps: readonly PackedStep[];
  /** For how long a lock of another's is waited for, in milliseconds; 0: the script fails at once. */
  readonly waitMs: number;
}

/** What the writer sends back for each script of a request. */
export type WriterAnswer =
  | { readonly id: number; readonly results: readonly StepResult[] }
  | {
      readonly id: number;
      readonly error: { readonly fence: boolean; readonly code: string | null; readonly message: string };
    };

/** What lives for the length of a script needs no more room than this to die young in; Node's default is four times that. */
const youngMb = 4;

/**
 * How long a batch may take to leave, in milliseconds: less than one where the writer waits for it, which holds much more
 * than a pipe, so it goes on its way only as often as the event loop turns.
 */
const leavingMs = 5;

/**
 * So many requests are under way, so that the writer need not wait for the next; what comes meanwhile waits, and goes together: of many
 * small scripts each would cost more on its way than where it is run.
 */
const mostUnderWay = 4;
/** How many scripts a request takes at most, and of how many rows: it is answered as a whole. */
const scriptsPerRequest = 32;
const rowsPerRequest = 1_000;

/** What may be waited for a lock, of the time in which the writer has to answer: it answers before it is taken for silent. */
const waitShare = 0.6;

/** One for all: to make an error for each script, with its stack, costs as much as to send it. */
const inTime = new Error('no longer waited for');

/** An insert that is packed already. */
interface ReadyInsert extends BulkInsert {
  readonly packed: PackedInsert;
}

/** A process that writes. */
interface Writer {
  readonly child: ChildProcess;
  /** It was killed because it did not answer. */
  isSilent: boolean;
  /** How many requests it has yet to answer. */
  underWay: number;
  /** Scripts that are to be sent, and what is to be called once each has left. */
  readonly queue: { readonly script: WriterScript; readonly left: () => void }[];
}

interface Waiting {
  /** The writer that has the script, or is to have it. */
  readonly writer: Writer;
  readonly resolve: (results: readonly StepResult[]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Runs scripts in a process of its own. SQLite's write lock belongs to a process and nobody can take it away: had a run
 * that is frozen (SIGSTOP, a suspended container) begun a transaction itself, every other user of the file would wait for
 * as long as it sleeps. The writer finishes what it was sent, whatever happens to its parent, and holds no lock between.
 */
export class SqliteWriterProcess implements ScriptRunner {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #waitMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #writer: Writer | null = null;
  #nextId = 1;
  /** When the writer answered last, by the clock's monotonic time. */
  #heardAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;
  /** Runs scripts before all others. */
  readonly urgent: ScriptRunner;

  /** Takes how long the writer may take to answer, and a script that is urgent, however often it is tried, to wait for a lock. */
  constructor(
    path: string,
    options: { readonly clock: Clock; readonly timeoutMs: number; readonly urgentMs?: number | undefined },
  ) {
    this.#path = path;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
    this.#waitMs = Math.min(busyTimeoutMs, options.timeoutMs * waitShare);
    const waitMs = Math.min(this.#waitMs, (options.urgentMs ?? Infinity) / scriptAttempts);
    this.urgent = {
      run: (steps, sent) => this.#send(steps, { waitMs, isUrgent: true }, sent),
      prepare: (insert) => this.prepare(insert),
      close: () => this.close(),
    };
  }

  /** Starts the process before the first script needs it: that takes a while. */
  warmUp(): void {
    this.#start();
  }

  run(steps: readonly ScriptStep[], sent?: TellSent): Promise<readonly StepResult[]> {
    return this.#send(steps, {}, sent);
  }

  runAside(steps: readonly ScriptStep[]): Promise<readonly StepResult[]> {
    return this.#send(steps, { waitMs: 0 });
  }

  prepare(insert: BulkInsert): ReadyInsert {
    return { ...insert, packed: packInsert(insert) };
  }

  async close(): Promise<void> {
    const writer = this.#writer;
    this.#writer = null;
    this.#isClosed = true;
    if (writer === null) return;
    // It finishes what it was sent.
    while (writer.queue.length > 0) this.#sendSome(writer);
    const { child } = writer;
    if (child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.disconnect();
    });
  }

  async #send(
    steps: readonly ScriptStep[],
    { waitMs = this.#waitMs, isUrgent = false },
    sent?: TellSent,
  ): Promise<readonly StepResult[]> {
    const packed = steps.map(packStep);
    const writer = this.#start();
    const id = this.#nextId++;
    const answered = new AbortController();
    const watch = this.#killWhenSilent(writer, answered.signal);
    try {
      return await new Promise<readonly StepResult[]>((resolve, reject) => {
        this.#waiting.set(id, { writer, resolve, reject });
        const next = { script: { id, steps: packed, waitMs }, left: this.#tellSent(sent) };
        if (isUrgent) this.#sendNow(writer, [next], true);
        else writer.queue.push(next);
        this.#sendNext(writer);
      });
    } finally {
      answered.abort(inTime);
      await watch;
    }
  }

  #sendNext(writer: Writer): void {
    if (writer.underWay < mostUnderWay && writer.queue.length > 0) this.#sendSome(writer);
  }

  #sendSome(writer: Writer): void {
    this.#sendNow(writer, writer.queue.splice(0, howManyTogether(writer.queue)), false);
  }

  #sendNow(writer: Writer, next: Writer['queue'], isUrgent: boolean): void {
    writer.underWay += 1;
    const request: WriterRequest = { scripts: next.map(({ script }) => script), isUrgent };
    writer.child.send(request, (error) => {
      if (error !== null) this.#lose(writer, `the database writer can't be reached: ${error.message}`);
      for (const { left } of next) left();
    });
  }

  /** A writer that hangs is of no use to the next script either; one that answers others is only busy with them. */
  async #killWhenSilent(writer: Writer, answered: AbortSignal): Promise<void> {
    const sentAt = this.#clock.monotonic();
    try {
      for (let waitMs = this.#timeoutMs; waitMs > 0;) {
        await this.#clock.sleep(waitMs, answered);
        waitMs = Math.max(sentAt, this.#heardAt) + this.#timeoutMs - this.#clock.monotonic();
      }
      writer.isSilent = true;
      writer.child.kill('SIGKILL');
    } catch {
      // It has answered.
    }
  }

  /** Returns what is to be called when a script has left; a writer that waits takes none, and is not waited for. */
  #tellSent(sent: TellSent | undefined): () => void {
    if (sent === undefined) return () => undefined;
    const left = new AbortController();
    void this.#clock.sleep(leavingMs, left.signal).then(sent, sent);
    return () => left.abort(inTime);
  }

  #start(): Writer {
    if (this.#writer !== null) return this.#writer;
    if (this.#isClosed) throw new DatabaseUnreachableError('the database has been closed');
    const program = fileURLToPath(
      import.meta.resolve(isBuilt(import.meta.url) ? './sqlite-writer.cjs' : '#sqlite-writer'),
    );
    // Detached: what a terminal sends to the run's process group (Ctrl-C, Ctrl-Z) is not meant for the writer.
    const child = fork(program, [this.#path], {
      serialization: 'advanced',
      detached: true,
      stdio: 'ignore',
      // What runs TypeScript is needed for a source, and takes longer to start than the whole build.
      execArgv: [...(isBuilt(program) ? [] : process.execArgv), `--max-semi-space-size=${youngMb}`],
    });
    const writer: Writer = { child, isSilent: false, underWay: 0, queue: [] };
    child.on('message', (answers: readonly WriterAnswer[]) => this.#receive(writer, answers));
    child.on('error', (error) => this.#lose(writer, `the database writer failed: ${error.message}`));
    child.on('exit', (code, signal) => {
      const end = signal ?? `exit code ${String(code)}`;
      const seconds = this.#timeoutMs / 1_000;
      this.#lose(
        writer,
        writer.isSilent
          ? `the database writer did not answer within ${seconds} s`
          : `the database writer ended unexpectedly (${end})`,
      );
    });
    return (this.#writer = writer);
  }

  #receive(writer: Writer, answers: readonly WriterAnswer[]): void {
    this.#heardAt = this.#clock.monotonic();
    writer.underWay -= 1;
    this.#sendNext(writer);
    for (const answer of answers) this.#settle(answer);
  }

  #settle(answer: WriterAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('results' in answer) waiting?.resolve(answer.results);
    else if (answer.error.fence) waiting?.reject(new FenceError());
    else waiting?.reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
  }

  /** Gives a writer up, that it can't linger, and with it what it was to do. */
  #lose(writer: Writer, reason: string): void {
    if (this.#writer === writer) this.#writer = null;
    writer.child.kill('SIGKILL');
    writer.queue.length = 0;
    for (const [id, waiting] of this.#waiting) {
      if (waiting.writer !== writer) continue;
      this.#waiting.delete(id);
      waiting.reject(new DatabaseUnreachableError(reason));
    }
  }
}

function isBuilt(file: string): boolean {
  return extname(file) !== '.ts';
}

/** Returns how many of the scripts that wait, the oldest first, make up a request: one at least. */
function howManyTogether(queue: Writer['queue']): number {
  let rows = 0;
  const tooMany = queue.findIndex(({ script: { steps } }, index) => {
    for (const step of steps) rows += 'packed' in step ? step.count : 0;
    return index > 0 && (index >= scriptsPerRequest || rows > rowsPerRequest);
  });
  return tooMany === -1 ? queue.length : tooMany;
}

function packStep(step: ScriptStep): PackedStep {
  if (!isBulkInsert(step)) return step;
  return isReady(step) ? step.packed : packInsert(step);
}

function isReady(insert: BulkInsert): insert is ReadyInsert {
  return 'packed' in insert;
}
