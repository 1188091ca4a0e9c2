import type { ForgetOptions } from '../../database/operations/forget-alerts.js';
import type { AlertSettings } from '../../settings/settings.js';
import type { Clock } from '../../runtime/clock.js';

export interface AlertRetentionOptions {
  /** Forgets some alerts; returns how many. */
  readonly forget: (options: ForgetOptions) => Promise<number>;
  readonly rules: Pick<AlertSettings, 'retentionDays' | 'repeatMinutes'>;
  readonly clock: Clock;
}

/** Deleting so few holds no lock for long. */
const batch = 500;
const mostBatches = 20;

/** From one look to the next, in milliseconds: each reads the table. */
const turnMs = 3_600_000;

const daySeconds = 86_400;

/** Forgets alerts that were cleared long ago, once an hour, some thousands at most. */
export class AlertRetention {
  readonly #options: AlertRetentionOptions;
  #dueAt = -Infinity;

  constructor(options: AlertRetentionOptions) {
    this.#options = options;
  }

  /** Forgets them where that is due. */
  async prune(): Promise<void> {
    const { forget, rules, clock } = this.#options;
    const { retentionDays, repeatMinutes } = rules;
    if (retentionDays === null || clock.monotonic() < this.#dueAt) return;
    this.#dueAt = clock.monotonic() + turnMs;
    const mutedSeconds = repeatMinutes === null ? null : repeatMinutes * 60;
    const options = { keptSeconds: retentionDays * daySeconds, mutedSeconds, limit: batch };
    for (let batches = 0; batches < mostBatches; batches++) {
      if ((await forget(options)) < batch) return;
    }
  }
}
