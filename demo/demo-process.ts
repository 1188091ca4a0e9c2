import { spawn, type ChildProcess } from 'node:child_process';

/** Where and with what environment a process runs. */
interface ProcessPlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How a process ended; both null where it could not be started. */
interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that the demo started; all that it writes is kept. */
export class DemoProcess {
  /** Resolves when the process is gone and its output complete; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  #isOver = false;

  constructor(command: string, args: readonly string[], place: ProcessPlace) {
    const child = spawn(command, args, { ...place, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#stderr += `${error.message}\n`;
        this.#isOver = true;
        resolve({ code: null, signal: null });
      });
      child.once('close', (code, signal) => {
        this.#isOver = true;
        resolve({ code, signal });
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends a signal; does nothing once the process is gone. */
  signal(name: NodeJS.Signals): void {
    if (!this.#isOver) this.#child.kill(name);
  }
}
