import type { CommandIo, KeySignal } from './command-io.js';

/** What the keys of a terminal send that would be signals, were the terminal not in raw mode. */
const signalKeys: Readonly<Record<string, KeySignal>> = {
  '\u0003': 'SIGINT',
  '\u001a': 'SIGTSTP',
  '\u001c': 'SIGQUIT',
};

/** The keyboard, listened to. */
export interface QuitKey {
  /** Aborted when `q` was typed. */
  readonly pressed: AbortSignal;
  /** Gives the keyboard back as it was. */
  release(): void;
}

/**
 * Listens for the key `q`, where stdin is a terminal: it is put into raw mode, in which no line must be ended. Ctrl-C
 * stays what it is, and so do the other keys by which a terminal sends signals.
 */
export function listenForQuit({ stdin, raise }: Pick<CommandIo, 'stdin' | 'raise'>): QuitKey {
  const quit = new AbortController();
  if (stdin?.isTTY !== true) return { pressed: quit.signal, release: () => undefined };
  const listen = (chunk: Uint8Array | string): void => {
    for (const key of chunk.toString()) {
      const signal = signalKeys[key];
      if (key === 'q' || key === 'Q') quit.abort(new Error('q was typed'));
      if (signal !== undefined) raiseOutside(signal);
    }
  };
  // A shell that a stopped program leaves behind needs the terminal as it was.
  const raiseOutside = (signal: KeySignal): void => {
    stdin.setRawMode(false);
    raise(signal);
    stdin.setRawMode(true);
  };
  stdin.setRawMode(true);
  stdin.on('data', listen);
  stdin.resume();
  const release = (): void => {
    stdin.off('data', listen);
    stdin.pause();
    stdin.setRawMode(false);
  };
  return { pressed: quit.signal, release };
}
