import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { within } from './within.js';
import { atEnd } from './at-end.js';
import { awaitStopped } from './await-stopped.js';

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Whose process it is, where not this one's user's. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** How a process ended and all that it wrote. */
export interface ExitResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

type ProcessEnd = [code: number | null, signal: NodeJS.Signals | null];

const running = new Set<Child>();

/** A process that a test started: its output is collected, and it never outlives the test run. */
export class Child {
  /** Resolves when the process is gone and its output is complete; never rejects. */
  readonly exited: Promise<ExitResult>;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #command: string;
  readonly #listeners = new Set<() => void>();
  #stdout = '';
  #stderr = '';
  #ended = false;

  constructor(command: string, args: readonly string[], options: ChildOptions = {}) {
    this.#command = [command, ...args].join(' ');
    // A group of its own, so that what it starts in turn can be reached with it.
    this.#process = spawn(command, args, { ...options, detached: true });
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#notify();
    });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#notify();
    });
    this.#process.stdin.on('error', () => undefined);
    running.add(this);
    this.exited = this.#whenGone();
  }

  /** The process id; 0 where the process could not be started. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get isRunning(): boolean {
    return !this.#ended;
  }

  /**
   * Sends a signal: SIGKILL, SIGSTOP, SIGCONT, SIGTERM, …; does nothing once the process is gone. Behind SIGSTOP the
   * process stands still.
   */
  signal(name: NodeJS.Signals): void {
    if (this.#ended) return;
    this.#process.kill(name);
    if (name === 'SIGSTOP') awaitStopped(this.pid);
  }

  /** Sends a signal to the process and to all that it has started, as a container's pause or end does. */
  signalGroup(name: NodeJS.Signals): void {
    if (this.#ended || this.pid === 0) return;
    process.kill(-this.pid, name);
    if (name === 'SIGSTOP') awaitStopped(this.pid);
  }

  /** Writes to the process's standard input and closes it. */
  input(text: string): void {
    this.#process.stdin.end(text);
  }

  /** Writes to the process's standard input, which stays open. */
  write(text: string): void {
    this.#process.stdin.write(text);
  }

  /** Kills the process with SIGKILL, frozen or not, and waits until it is gone. */
  async kill(): Promise<ExitResult> {
    this.signal('SIGKILL');
    return await this.exited;
  }

  /** Waits for the end of the process; throws with its output if that takes longer than `timeoutMs`. */
  async exit(timeoutMs = 15_000): Promise<ExitResult> {
    return await within(timeoutMs, this.exited, () => this.#describe('did not end'));
  }

  /** Waits until stdout or stderr holds a match of `pattern`, also one from before the call; returns the match. */
  async output(pattern: RegExp, timeoutMs = 15_000): Promise<RegExpExecArray> {
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr);
        if (match !== null) resolve(match);
        else if (this.#ended) reject(new Error(this.#describe(`ended without writing ${pattern}`)));
        else return;
        this.#listeners.delete(look);
      };
      this.#listeners.add(look);
      look();
    });
    return await within(timeoutMs, found, () => this.#describe(`did not write ${pattern}`));
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  async #whenGone(): Promise<ExitResult> {
    const [code, signal] = await new Promise<ProcessEnd>((resolve) => {
      this.#process.once('error', (error) => {
        this.#stderr += error.message;
        resolve([null, null]);
      });
      this.#process.once('exit', (...end: ProcessEnd) => resolve(end));
    });
    this.#ended = true;
    running.delete(this);
    await this.#outputEnd();
    this.#notify();
    return { code, signal, stdout: this.#stdout, stderr: this.#stderr };
  }

  /** What the process started in turn may live on and hold the pipes open: then no more output is awaited. */
  async #outputEnd(): Promise<void> {
    const open = [this.#process.stdout, this.#process.stderr].filter((stream) => !stream.destroyed);
    const ends = Promise.all(open.map((stream) => once(stream, 'close')));
    await within(1000, ends, () => '').catch(() => undefined);
  }

  #describe(what: string): string {
    return `${this.#command} ${what}\nstdout: ${this.#stdout.slice(-4000)}\nstderr: ${this.#stderr.slice(-4000)}`;
  }
}

function killAll(): void {
  for (const child of running) child.signalGroup('SIGKILL');
}

atEnd(async () => {
  const left = [...running];
  killAll();
  await Promise.all(left.map((child) => child.exited));
});
process.once('exit', killAll);
for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(signal === 'SIGTERM' ? 143 : 129));
}
