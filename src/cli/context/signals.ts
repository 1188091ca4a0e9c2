import type { Clock } from '../../runtime/clock.js';
import { messageOf } from '../../runtime/errors.js';
import type { Lang } from '../../runtime/lang.js';
import type { Logger } from '../../runtime/logger.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandIo, StopSignal } from '../terminal/command-io.js';

/** How long a command that was asked to end may take, in milliseconds: CONTRACT promises 10 s. */
const graceMs = 9_500;

/** Within how many milliseconds the same signal is the same wish: GNU timeout sends each to the process, then to its group. No hand is that quick. */
const echoMs = 25;

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const satisfies readonly StopSignal[];

/** A terminal that closes asks what SIGTERM asks. */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 143 } as const;

export interface SignalOptions {
  readonly io: Pick<CommandIo, 'onSignal' | 'offSignal' | 'exit' | 'hasTerminal'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lang: Lang;
  /** Says whether the command ends by itself after the first signal; else that one cuts it short. */
  readonly graceful: boolean;
}

/**
 * Turns SIGINT and SIGTERM into an abort: the first one asks the command to end, the second (not an echo of it), or 9.5 s without an end,
 * ends the process with 130 or 143. SIGHUP asks for it, too, where a terminal may have closed, and the first signal behind it
 * is of the same wish; else `nohup` or whoever moves logs away has sent it, and the command goes on.
 */
export class Signals {
  readonly #stopping = new AbortController();
  readonly #done = new AbortController();
  readonly #options: SignalOptions;
  readonly #listeners: Readonly<Record<StopSignal, () => void>>;
  /** True until the first signal behind SIGHUP: who ends what hung on a closed terminal asks for no haste. */
  #hasHungUp = false;
  /** The first signal, and by the monotonic clock when it came. */
  #first: { readonly signal: StopSignal; readonly at: number } | undefined;

  constructor(options: SignalOptions) {
    this.#options = options;
    this.#listeners = {
      SIGINT: () => this.#receive('SIGINT'),
      SIGTERM: () => this.#receive('SIGTERM'),
      SIGHUP: () => this.#hangUp(),
    };
    for (const signal of stopSignals) options.io.onSignal(signal, this.#listeners[signal]);
  }

  /** Aborted by the first signal; its reason is an Error named after it. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Gives the signals back to the process. */
  dispose(): void {
    for (const signal of stopSignals) this.#options.io.offSignal(signal, this.#listeners[signal]);
    this.#done.abort(new Error('the command has ended'));
  }

  #hangUp(): void {
    const { io, logger, lang } = this.#options;
    if (!io.hasTerminal) {
      logger.log('info', textsIn(lang).services.hangUpIgnored, { event: 'signal.ignored', signal: 'SIGHUP' });
    } else if (!this.#stopping.signal.aborted) {
      // Of one terminal that closes both the kernel and the shell tell: the second time is no haste.
      this.#receive('SIGHUP');
      this.#hasHungUp = true;
    }
  }

  #receive(signal: StopSignal): void {
    if (this.#hasHungUp) {
      this.#hasHungUp = false;
      return;
    }
    const { graceful, clock, io } = this.#options;
    const now = clock.monotonic();
    if (this.#first?.signal === signal && now - this.#first.at < echoMs) return;
    this.#first ??= { signal, at: now };
    if (!graceful || this.#stopping.signal.aborted) {
      io.exit(exitCodes[signal]);
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
  return messageOf(stopping.reason).endsWith('SIGINT') ? 130 : 143;
}
