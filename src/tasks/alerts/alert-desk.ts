import type { AlertStore } from '../../database/operations/alert-store.js';
import type { AlertCondition } from '../../model/alert.js';
import { alertKey } from '../../model/alert.js';
import type { Clock } from '../../runtime/clock.js';
import { messageOf } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { toAlertMessage } from './alert-message.js';
import type { AlertNews } from './alert-message.js';
import type { AlertOutbox } from './alert-outbox.js';

export interface AlertDeskOptions {
  readonly store: Pick<AlertStore, 'raise' | 'record' | 'clear'>;
  readonly outbox: Pick<AlertOutbox, 'post'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `host:pid` of this process. */
  readonly worker: string;
  /** After how long an alert that still stands is told again; null: never. */
  readonly repeatSeconds: number | null;
  /** Takes secrets out of what is stored and sent. */
  readonly mask: (condition: AlertCondition) => AlertCondition;
}

/** A condition that this process has found. Instants are by the monotonic clock. */
interface Standing {
  condition: AlertCondition;
  readonly raisedAt: number;
  /** When it was told without the database; null: it was not. */
  toldAt: number | null;
  isStored: boolean;
  /** How it ended, and when; null: it stands. */
  over: { readonly message: string; readonly at: number } | null;
}

/**
 * Takes what rules find wrong, and what is right again. The database says whether it is news to anybody; while the database
 * is away this process tells it all the same, and stores it later. Every method returns at once.
 */
export class AlertDesk {
  readonly #options: AlertDeskOptions;
  readonly #standing = new Map<string, Standing>();
  #isAway = false;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: AlertDeskOptions) {
    this.#options = options;
  }

  /** The conditions that this process has raised and not cleared. */
  get standing(): readonly AlertCondition[] {
    return [...this.#standing.values()].filter(({ over }) => over === null).map(({ condition }) => condition);
  }

  /** Raises the alert of a condition; where it stands, repeats it when that is due. */
  raise(found: AlertCondition): void {
    const condition = this.#options.mask(found);
    const key = alertKey(condition);
    const known = this.#standing.get(key);
    const raisedAt = this.#options.clock.monotonic();
    const fresh = { condition, raisedAt, toldAt: null, isStored: false, over: null };
    const standing = known?.over === null ? known : fresh;
    standing.condition = condition;
    this.#standing.set(key, standing);
    if (this.#isAway) this.#tellAlone(standing);
    else this.#then(() => this.#store(standing));
  }

  /** Clears an alert: what it was raised for is over, as `message` says. */
  clear(key: string, message: string): void {
    const standing = this.#standing.get(key);
    if (standing !== undefined) standing.over = { message, at: this.#options.clock.monotonic() };
    if (!this.#isAway) this.#then(() => this.#clear(key, message, standing));
  }

  /** From now on alerts are told without the database. */
  databaseAway(): void {
    this.#isAway = true;
  }

  /** Stores what was told meanwhile. */
  databaseBack(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    for (const [key, standing] of this.#standing) {
      const { over } = standing;
      this.#then(() => (over === null ? this.#store(standing) : this.#clear(key, over.message, standing)));
    }
  }

  /** Resolves when all that was taken has been stored, or could not be. */
  async whenIdle(): Promise<void> {
    await this.#turn;
  }

  /** One after the other: what was raised first is cleared later. */
  #then(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work).catch((error: unknown) => {
      const fields = { event: 'alert.failed', error: messageOf(error) };
      this.#options.logger.log('warn', `an alert could not be stored: ${messageOf(error)}`, fields);
    });
  }

  async #store(standing: Standing): Promise<void> {
    const { store, worker, repeatSeconds } = this.#options;
    const openSeconds = this.#since(standing.raisedAt);
    try {
      const { outcome, alertId } = await store.raise(standing.condition, { worker, repeatSeconds, openSeconds });
      standing.isStored = true;
      if (outcome === 'repeated' || (outcome === 'raised' && standing.toldAt === null)) {
        this.#tell(outcome, standing.condition, alertId, openSeconds);
      }
    } catch (error) {
      this.#tellAlone(standing);
      throw error;
    }
  }

  async #clear(key: string, message: string, standing: Standing | undefined): Promise<void> {
    const { store, worker } = this.#options;
    if (standing === undefined || standing.isStored || standing.toldAt === null) {
      const alert = await store.clear(key);
      if (alert !== null) this.#tell('cleared', { ...alert, message }, alert.id, alert.openSeconds);
    } else {
      const openSeconds = this.#since(standing.raisedAt);
      const clearedSecondsAgo = this.#since(standing.over?.at ?? this.#options.clock.monotonic());
      await store.record(standing.condition, { worker, repeatSeconds: null, openSeconds, clearedSecondsAgo });
      this.#tell('cleared', { ...standing.condition, message }, null, openSeconds - clearedSecondsAgo);
    }
    // It may have been raised anew while the database was asked.
    if (this.#standing.get(key) === standing) this.#standing.delete(key);
  }

  /** Tells it without the database, once and again when that is due. */
  #tellAlone(standing: Standing): void {
    const { repeatSeconds } = this.#options;
    if (standing.isStored && standing.toldAt === null) standing.toldAt = this.#options.clock.monotonic();
    const isFirst = standing.toldAt === null;
    if (!isFirst && (repeatSeconds === null || this.#since(standing.toldAt ?? 0) < repeatSeconds)) return;
    standing.toldAt = this.#options.clock.monotonic();
    this.#tell(isFirst ? 'raised' : 'repeated', standing.condition, null, this.#since(standing.raisedAt));
  }

  #tell(news: AlertNews, condition: AlertCondition, alertId: number | null, openSeconds: number): void {
    const { outbox, clock, logger, worker } = this.#options;
    const key = alertKey(condition);
    const fields = { event: `alert.${news}`, alert_id: alertId, key, rule: condition.rule, ...condition.details };
    const text = `alert ${news}: ${condition.message} (${condition.rule})`;
    logger.log(news === 'cleared' ? 'info' : 'warn', text, fields);
    outbox.post(toAlertMessage(news, condition, { alertId, worker, openSeconds, now: clock.now() }));
  }

  #since(instant: number): number {
    return (this.#options.clock.monotonic() - instant) / 1_000;
  }
}
