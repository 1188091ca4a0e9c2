import { EventEmitter } from 'node:events';
import type { CommandIo, CommandStream, KeySignal, KeyStream, StopSignal } from '../../src/cli/terminal/command-io.js';

/** A stream that keeps what was written; `failWith` makes every later write fail. */
export class FakeStream extends EventEmitter implements CommandStream {
  text = '';
  failWith: Error | undefined;
  readonly isTTY: boolean;
  readonly columns = 80;
  rows = 24;

  constructor(isTTY = false) {
    super();
    this.isTTY = isTTY;
  }

  write(text: string, done?: (error?: Error | null) => void): boolean {
    if (this.failWith === undefined) this.text += text;
    done?.(this.failWith);
    return true;
  }
}

/** A keyboard that a test types on. */
export class FakeKeys extends EventEmitter implements KeyStream {
  readonly isTTY = true;
  /** Every change of the raw mode. */
  readonly modes: boolean[] = [];

  setRawMode(isRaw: boolean): void {
    this.modes.push(isRaw);
  }

  type(text: string): void {
    this.emit('data', Buffer.from(text));
  }

  resume(): void {
    // What is typed is told at once.
  }

  pause(): void {
    // Nobody types any more.
  }
}

/** Surroundings of a command that a test watches. */
export class FakeIo implements CommandIo {
  readonly stdout: FakeStream;
  readonly stderr: FakeStream;
  readonly env: Record<string, string>;
  readonly cwd: string;
  readonly stdin: FakeKeys | undefined;
  readonly hasTerminal: boolean;
  readonly exits: number[] = [];
  readonly #signals = new EventEmitter();

  /** `terminal` is about stderr, `screen` about stdout. */
  constructor({ env = {}, cwd = '/nowhere', terminal = false, screen = false, keys = false } = {}) {
    this.stdin = keys ? new FakeKeys() : undefined;
    this.env = env;
    this.cwd = cwd;
    this.stdout = new FakeStream(screen);
    this.stderr = new FakeStream(terminal);
    this.hasTerminal = terminal || screen || keys;
  }

  onSignal(signal: string, listener: () => void): void {
    this.#signals.on(signal, listener);
  }

  offSignal(signal: string, listener: () => void): void {
    this.#signals.off(signal, listener);
  }

  onCrash(listener: (error: unknown) => void): void {
    this.#signals.on('crash', listener);
  }

  offCrash(listener: (error: unknown) => void): void {
    this.#signals.off('crash', listener);
  }

  /** Throws an error where nobody catches it; says whether anybody heard. */
  crash(error: unknown): boolean {
    return this.#signals.emit('crash', error);
  }

  raise(signal: KeySignal): void {
    if (signal === 'SIGINT') this.signal(signal);
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  /** Sends a signal to whoever listens; says whether anybody did. */
  signal(signal: StopSignal): boolean {
    return this.#signals.emit(signal);
  }
}
