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

/** The surroundings of a command: the process, or what a test puts in its place. */
export interface CommandIo {
  readonly stdout: CommandStream;
  readonly stderr: CommandStream;
  /** Opened when it is asked for; undefined: there is none. */
  readonly stdin?: KeyStream | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  onSignal(signal: 'SIGINT' | 'SIGTERM', listener: () => void): void;
  offSignal(signal: 'SIGINT' | 'SIGTERM', listener: () => void): void;
  /** Hears of an error that nobody caught. */
  onCrash(listener: (error: unknown) => void): void;
  offCrash(listener: (error: unknown) => void): void;
  /** Sends this process a signal. */
  raise(signal: KeySignal): void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** Returns the surroundings that this process gives a command. */
export function processIo(): CommandIo {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    // A getter: to touch it opens it.
    get stdin() {
      return process.stdin;
    },
    env: process.env,
    cwd: process.cwd(),
    onSignal: (signal, listener) => process.on(signal, listener),
    offSignal: (signal, listener) => process.off(signal, listener),
    onCrash: (listener) => process.on('uncaughtException', listener),
    offCrash: (listener) => process.off('uncaughtException', listener),
    raise: (signal) => process.kill(process.pid, signal),
    exit: (code) => process.exit(code),
  };
}
