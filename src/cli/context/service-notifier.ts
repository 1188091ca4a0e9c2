import { spawn } from 'node:child_process';
import type { Clock } from '../../runtime/clock.js';
import { messageOf } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';

export interface ServiceNotifierOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** This process, which a watchdog may mean. */
  readonly pid: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
  /** Speaks to systemd; by its own program where left out. */
  readonly speak?: (words: readonly string[], env: NodeJS.ProcessEnv) => Promise<void>;
}

/** Nothing is told more often than this, in milliseconds: each word is a process. */
const leastMs = 5_000;

/** The watchdog is fed at least so often, in milliseconds, where the work comes round so often. */
const mostMs = 30_000;

/** How long systemd may take to hear a word, in milliseconds. */
const patienceMs = 10_000;

/**
 * Tells systemd that the service is up, what it does, that it ends, and, where the unit has a watchdog, that its work comes
 * round. It has no timer of its own: work that hangs, or an event loop that does, feeds nothing. Node has no datagram
 * sockets, so that `systemd-notify` speaks for it, which takes `NotifyAccess=all`. Does nothing outside of systemd.
 */
export class ServiceNotifier {
  readonly #options: ServiceNotifierOptions;
  readonly #isWanted: boolean;
  /** Null: there is no watchdog. */
  readonly #feedEveryMs: number | null;
  #isReady = false;
  #isSpeaking = false;
  #spokeAt = -Infinity;
  #told: string | null = null;

  constructor(options: ServiceNotifierOptions) {
    this.#options = options;
    const { env, pid, stopping } = options;
    this.#isWanted = (env['NOTIFY_SOCKET'] ?? '') !== '';
    this.#feedEveryMs = feedEveryMs(env, pid);
    if (this.#isWanted) stopping.addEventListener('abort', () => void this.#speak(['STOPPING=1']), { once: true });
  }

  /** The work has come round and stands as `status` says, in one line: the first time, the service is ready. */
  turned(status: string): void {
    if (!this.#isWanted || this.#options.stopping.aborted || this.#isSpeaking || !this.#isDue(status)) return;
    const words = [`STATUS=${status}`, ...(this.#isReady ? [] : ['READY=1'])];
    void this.#tell(status, this.#feedEveryMs === null ? words : [...words, 'WATCHDOG=1']);
  }

  #isDue(status: string): boolean {
    const silentMs = this.#options.clock.monotonic() - this.#spokeAt;
    if (status !== this.#told) return silentMs >= leastMs;
    return this.#feedEveryMs !== null && silentMs >= this.#feedEveryMs;
  }

  async #tell(status: string, words: readonly string[]): Promise<void> {
    this.#isSpeaking = true;
    this.#spokeAt = this.#options.clock.monotonic();
    // What was not heard is told again.
    if (await this.#speak(words)) [this.#told, this.#isReady] = [status, true];
    this.#isSpeaking = false;
  }

  /** Resolves with whether systemd has heard it. */
  async #speak(words: readonly string[]): Promise<boolean> {
    const { env, logger, speak = runSystemdNotify } = this.#options;
    try {
      await speak(words, env);
      return true;
    } catch (error) {
      const message = `systemd was not told ${words.join(', ')}: ${messageOf(error)}`;
      logger.log('warn', message, { event: 'service.not_told' });
      return false;
    }
  }
}

/** Three times within what the unit allows; null where it has no watchdog, or one that means another process. */
function feedEveryMs({ WATCHDOG_USEC, WATCHDOG_PID }: ServiceNotifierOptions['env'], pid: number): number | null {
  const limitMs = Number(WATCHDOG_USEC) / 1_000;
  if (!(limitMs > 0) || (WATCHDOG_PID !== undefined && Number(WATCHDOG_PID) !== pid)) return null;
  return Math.min(mostMs, limitMs / 3);
}

function runSystemdNotify(words: readonly string[], { PATH, NOTIFY_SOCKET }: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { env: { PATH, NOTIFY_SOCKET }, stdio: 'ignore', timeout: patienceMs } as const;
    const child = spawn('systemd-notify', words, options);
    // The last word must not keep the process.
    child.unref();
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`systemd-notify ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}
