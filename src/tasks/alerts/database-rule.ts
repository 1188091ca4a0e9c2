import { alertKey } from '../../model/alert.js';
import type { Clock } from '../../runtime/clock.js';
import { databaseUnreachable } from './alert-conditions.js';
import type { AlertDesk } from './alert-desk.js';

export interface DatabaseRuleOptions {
  readonly desk: AlertDesk;
  readonly clock: Clock;
  /** Null: the rule is off. */
  readonly limitSeconds: number | null;
}

/** Raises an alert when the database is away for too long, and lets the desk do without it meanwhile. */
export class DatabaseRule {
  readonly #options: DatabaseRuleOptions;
  /** By the monotonic clock; null: it is there. */
  #awaySince: number | null = null;

  constructor(options: DatabaseRuleOptions) {
    this.#options = options;
  }

  get isAway(): boolean {
    return this.#awaySince !== null;
  }

  /** The database has failed a statement. */
  away(error: string): void {
    const { desk, clock, limitSeconds } = this.#options;
    this.#awaySince ??= clock.monotonic();
    desk.databaseAway();
    const awaySeconds = (clock.monotonic() - this.#awaySince) / 1_000;
    if (limitSeconds !== null && awaySeconds >= limitSeconds) desk.raise(databaseUnreachable(awaySeconds, error));
  }

  /** The database has answered. */
  back(): void {
    const { desk, clock } = this.#options;
    if (this.#awaySince === null) return;
    const awaySeconds = Math.round((clock.monotonic() - this.#awaySince) / 1_000);
    this.#awaySince = null;
    for (const condition of desk.standing) {
      if (condition.rule !== 'database_unreachable') continue;
      desk.clear(alertKey(condition), `the database is back after ${awaySeconds} s`);
    }
    desk.databaseBack();
  }
}
