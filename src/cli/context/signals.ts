import type { Clock } from '../../runtime/clock.js';
import { messageOf } from '../../runtime/errors.js';
import type { CommandIo } from '../terminal/command-io.js';

/** How long a command that was asked to end may take, in milliseconds: CONTRACT promises 10 s. */
const graceMs = 9_500;

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof exitCodes;

export interface SignalOptions {
  readonly io: Pick<CommandIo, 'onSignal' | 'offSignal' | 'exit'>;
  readonly clock: Clock;
  /** Says whether the command ends by itself after the first signal; else that one cuts it short. */
  readonly graceful: boolean;
}

/**
 * Turns SIGINT and SIGTERM into an abort: the first one asks the command to end, the second, or 9.5 s without an end,
 * ends the process with 130 or 143.
 */
export class Signals {
  readonly #stopping = new AbortController();
  readonly #done = new AbortController();
  readonly #options: SignalOptions;
  readonly #listeners: Readonly<Record<StopSignal, () => void>>;

  constructor(options: SignalOptions) {
    this.#options = options;
    this.#listeners = { SIGINT: () => this.#receive('SIGINT'), SIGTERM: () => this.#receive('SIGTERM') };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) options.io.onSignal(signal, this.#listeners[signal]);
  }

  /** Aborted by the first signal; its reason is an Error named after it. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Gives the signals back to the process. */
  dispose(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) this.#options.io.offSignal(signal, this.#listeners[signal]);
    this.#done.abort(new Error('the command has ended'));
  }

  #receive(signal: StopSignal): void {
    if (!this.#options.graceful || this.#stopping.signal.aborted) {
      this.#options.io.exit(exitCodes[signal]);
      return;
    }
    this.#stopping.abort(new Error(`stopped by ${signal}`));
    void this.#endLate(signal);
  }

  async #endLate(signal: StopSignal): Promise<void> {
    try {
      await this.#options.clock.sleep(graceMs, this.#done.signal);
    } catch {
      return;
    }
    this.#options.io.exit(exitCodes[signal]);
  }
}

/** Returns the exit code of a command that a signal cut short. */
export function stopCode(stopping: AbortSignal): 130 | 143 {
  return messageOf(stopping.reason).endsWith('SIGTERM') ? 143 : 130;
}
