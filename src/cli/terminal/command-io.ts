import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { UsageError } from '../../runtime/errors.js';

/** A stream that a command writes to, and what it knows of the terminal behind it. */
export interface CommandStream {
  write(text: string, done?: (error?: Error | null) => void): boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** Returns how much a terminal shows; where it does not say, and one whose size was never set says 0, what an old one did. */
export function sizeOf({ columns = 0, rows = 0 }: Pick<CommandStream, 'columns' | 'rows'>) {
  return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
}

/** A signal that a key stands for. */
export type KeySignal = 'SIGINT' | 'SIGQUIT' | 'SIGTSTP';

/** The keyboard, where there is one. */
export interface KeyStream {
  readonly isTTY?: boolean | undefined;
  setRawMode(isRaw: boolean): unknown;
  on(event: 'data', listener: (chunk: Uint8Array | string) => void): unknown;
  off(event: 'data', listener: (chunk: Uint8Array | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** A signal that asks a command to end, or may. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** The surroundings of a command: the process, or what a test puts in its place. */
export interface CommandIo {
  readonly stdout: CommandStream;
  readonly stderr: CommandStream;
  /** Opened when it is asked for; undefined: there is none. */
  readonly stdin?: KeyStream | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Says whether any standard stream was a terminal at the start: one that has closed is none any more. */
  readonly hasTerminal: boolean;
  onSignal(signal: StopSignal, listener: () => void): void;
  offSignal(signal: StopSignal, listener: () => void): void;
  /** Hears of an error that nobody caught. */
  onCrash(listener: (error: unknown) => void): void;
  offCrash(listener: (error: unknown) => void): void;
  /** Sends this process a signal. */
  raise(signal: KeySignal): void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** Returns the surroundings that this process gives a command; throws UsageError where the folder that it is in has gone. */
export function processIo(): CommandIo {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on('exit', () => closeLost(terminals));
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    // A getter: to touch it opens it.
    get stdin() {
      return process.stdin;
    },
    env: process.env,
    cwd: workingFolder(),
    hasTerminal: terminals.length > 0,
    onSignal: (signal, listener) => process.on(signal, listener),
    offSignal: (signal, listener) => process.off(signal, listener),
    onCrash: (listener) => process.on('uncaughtException', listener),
    offCrash: (listener) => process.off('uncaughtException', listener),
    raise: (signal) => process.kill(process.pid, signal),
    exit: (code) => process.exit(code),
  };
}

function workingFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new UsageError('the working folder is not there any more', {
      hint: 'cd to one that is: to its path, where another was put in its place',
      cause: error,
    });
  }
}

/** Node, which gives a terminal back as it found it, aborts at its end where that terminal is gone and still open here. */
function closeLost(terminals: readonly number[]): void {
  for (const descriptor of terminals.filter((one) => !isatty(one))) closeSync(descriptor);
}
