import type { AlertStore } from '../../database/operations/alert-store.js';
import type { AlertCondition, AlertRule } from '../../model/alert.js';
import { alertText } from '../../model/alert-text.js';
import { isMutedBy, type AlertMute } from '../../model/alert-mute.js';
import { alertKey } from '../../model/alert.js';
import type { Clock } from '../../runtime/clock.js';
import { messageOf } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { toAlertMessage } from './alert-message.js';
import type { AlertNews } from './alert-message.js';
import type { AlertOutbox } from './alert-outbox.js';

export interface AlertDeskOptions {
  readonly store: Pick<AlertStore, 'raise' | 'record' | 'clear' | 'putBack' | 'isOpen'>;
  readonly outbox: Pick<AlertOutbox, 'post'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `host:pid` of this process. */
  readonly worker: string;
  /** After how long an alert that still stands is told again; null: never. */
  readonly repeatSeconds: number | null;
  /** The address of the page that messages lead to; null or left out: they lead nowhere. */
  readonly pageUrl?: string | null;
  /** Takes secrets out of what is stored and sent. */
  readonly mask: (condition: AlertCondition) => AlertCondition;
}

/** A condition that this process has found. Instants are by the monotonic clock. */
interface Standing {
  condition: AlertCondition;
  raisedAt: number;
  /** For how long it had been so then. */
  sinceSeconds: number;
  /** When it was told without the database; null: it was not. */
  toldAt: number | null;
  isStored: boolean;
  /** The row by which this process has told it; null: it has not. */
  rowId: number | null;
  /** What was told of it has reached nobody, and is told anew. */
  isUntaken: boolean;
  /** This process knows no more of it, but has told it and no row says so: it is kept until one does. */
  isLeft: boolean;
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
  /** For whom the database can't ask: what was muted when it was asked last, and until when. */
  #mutes: readonly { readonly mute: AlertMute; readonly untilMs: number }[] = [];
  #turn: Promise<void> = Promise.resolve();

  constructor(options: AlertDeskOptions) {
    this.#options = options;
  }

  /** The conditions that this process has raised and not cleared. */
  get standing(): readonly AlertCondition[] {
    const known = [...this.#standing.values()].filter(({ over, isLeft }) => over === null && !isLeft);
    return known.map(({ condition }) => condition);
  }

  /**
   * Raises the alert of a condition; where it stands, repeats it when that is due. `isAbsence`: what is wrong is that others have
   * written nothing, which proves nothing while this process can't either.
   */
  raise(found: AlertCondition, { isAbsence = false } = {}): void {
    if (isAbsence && this.#isAway) return;
    const condition = this.#options.mask(found);
    const key = alertKey(condition);
    const known = this.#standing.get(key);
    const raisedAt = this.#options.clock.monotonic();
    // What is raised again as it stands has been so ever since.
    const sinceSeconds =
      known?.condition === found ? known.sinceSeconds + this.#since(known.raisedAt) : (condition.sinceSeconds ?? 0);
    const untold = { toldAt: null, isStored: false, rowId: null, isUntaken: false, isLeft: false, over: null };
    const fresh: Standing = { condition, raisedAt, sinceSeconds, ...untold };
    const standing = known?.over === null ? known : fresh;
    standing.condition = condition;
    standing.isLeft = false;
    this.#standing.set(key, standing);
    if (this.#isAway) this.#tellAlone(standing);
    else this.#then(() => this.#store(standing, fresh, isAbsence));
  }

  /** Clears an alert: what it was raised for is over, as `message` says. */
  clear(key: string, message: string): void {
    const standing = this.#standing.get(key);
    if (standing !== undefined) standing.over = { message, at: this.#options.clock.monotonic() };
    if (!this.#isAway) this.#then(() => this.#clear(key, message, standing));
  }

  /**
   * What was wrong may still be so, but this process knows no more of it: it stands until somebody finds it over. Where it was told
   * without the database nobody could find it before it is stored.
   */
  forget(key: string): void {
    const standing = this.#standing.get(key);
    if (standing?.over === null && !standing.isStored && standing.toldAt !== null) this.#leave(standing);
    else this.#standing.delete(key);
  }

  /**
   * Forgets what this process has raised of some rules and others have cleared since: what stands is in `keys`. What was to be forgotten
   * and could not be stored yet is tried again.
   */
  forgetOthers(rules: ReadonlySet<AlertRule>, keys: ReadonlySet<string>): void {
    for (const standing of this.#standing.values()) if (standing.isLeft) this.#leave(standing);
    for (const condition of this.standing) {
      const key = alertKey(condition);
      if (rules.has(condition.rule) && !keys.has(key)) this.forget(key);
    }
  }

  /** Takes what is muted now: it holds, too, while the database can't be asked. */
  muted(mutes: readonly AlertMute[]): void {
    const now = this.#options.clock.monotonic();
    this.#mutes = mutes.map((mute) => ({ mute, untilMs: now + mute.secondsLeft * 1_000 }));
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
      const { over, isStored } = standing;
      if (standing.isLeft) this.#leave(standing);
      else if (over !== null) this.#then(() => this.#clear(key, over.message, standing));
      // What it has already others may have cleared meanwhile: whoever finds it again raises it.
      else if (!isStored) this.#then(() => this.#store(standing, standing));
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

  /** Stores what is to be forgotten then, or calls it over where that failed. Several of these may wait for a slow database. */
  #leave(standing: Standing): void {
    standing.isLeft = true;
    if (this.#isAway) return;
    const key = alertKey(standing.condition);
    const { over } = standing;
    this.#then(async () => {
      if (this.#standing.get(key) !== standing || standing.over !== over) return;
      await (over === null ? this.#store(standing, standing) : this.#clear(key, over.message, standing));
    });
  }

  /** Stores what stands. What the database has had is new to it only where others have cleared it: then it begins as `fresh`. */
  async #store(standing: Standing, fresh: Standing, isAbsence = false): Promise<void> {
    const { store, worker, repeatSeconds } = this.#options;
    const { condition } = standing;
    const { raisedAt, sinceSeconds, toldAt } = standing.isStored ? fresh : standing;
    const openSeconds = this.#since(raisedAt);
    const options = { worker, repeatSeconds, openSeconds };
    try {
      const { outcome, alertId, stood } = await store.raise({ ...condition, sinceSeconds }, options);
      // What was told of it without the database is this process's to call over: no row does.
      if (outcome === 'ended') {
        if (standing.isLeft) this.clear(alertKey(condition), `task ${condition.taskId} has ended, and beats no more`);
        return;
      }
      if (standing.isLeft && this.#standing.get(alertKey(condition)) === standing)
        this.#standing.delete(alertKey(condition));
      const isNew = (outcome === 'raised' || outcome === 'muted') && stood === undefined;
      Object.assign(standing, {
        isStored: true,
        ...(isNew ? { raisedAt, sinceSeconds, toldAt, isUntaken: false } : {}),
      });
      if (outcome === 'raised') standing.rowId = alertId;
      if (outcome === 'muted') this.#log('raised', condition, alertId);
      if (outcome !== 'repeated' && (outcome !== 'raised' || toldAt !== null)) return;
      this.#tell(outcome, stood === undefined ? condition : current(condition, stood.sinceSeconds), {
        alertId,
        openSeconds: stood?.openSeconds ?? openSeconds,
        standing,
      });
    } catch (error) {
      if (!isAbsence) this.#tellAlone(standing);
      else if (!standing.isStored) this.forget(alertKey(condition));
      throw error;
    }
  }

  async #clear(key: string, message: string, standing: Standing | undefined): Promise<void> {
    const { store, worker } = this.#options;
    if (standing === undefined || standing.isStored || standing.toldAt === null) {
      const alert = await store.clear(key);
      // Whom it was sent to hears that it is over, muted or not, though perhaps it did not get there; nobody else does.
      if (alert !== null && alert.notifications === 0 && alert.isQuiet)
        this.#log('cleared', { ...alert, message }, alert.id);
      else if (alert !== null) this.#tell('cleared', { ...alert, message }, { alertId: alert.id, ...alert });
    } else {
      const openSeconds = this.#since(standing.raisedAt);
      const clearedSecondsAgo = this.#since(standing.over?.at ?? this.#options.clock.monotonic());
      const { condition, sinceSeconds } = standing;
      await store.record(
        { ...condition, sinceSeconds },
        { worker, repeatSeconds: null, openSeconds, clearedSecondsAgo },
      );
      const told = { alertId: null, openSeconds: openSeconds - clearedSecondsAgo };
      this.#tell('cleared', { ...standing.condition, message }, told);
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
    if (this.#isMuted(standing.condition)) return;
    standing.toldAt = this.#options.clock.monotonic();
    const openSeconds = this.#since(standing.raisedAt);
    this.#tell(isFirst ? 'raised' : 'repeated', standing.condition, { alertId: null, openSeconds, standing });
  }

  #tell(
    news: AlertNews,
    condition: AlertCondition,
    {
      alertId,
      openSeconds,
      standing,
    }: { readonly alertId: number | null; readonly openSeconds: number; readonly standing?: Standing },
  ): void {
    const { outbox, clock, worker, pageUrl = null } = this.#options;
    const isKnown = news === 'raised' && standing?.isUntaken === true;
    if (!isKnown) this.#log(news, condition, alertId);
    outbox.post(toAlertMessage(news, condition, { alertId, worker, openSeconds, pageUrl, now: clock.now() }), {
      isCurrent: () => this.#isCurrent(news, alertKey(condition), standing),
      isKnown,
      ...(standing === undefined || news !== 'raised' ? {} : { onUntaken: () => this.#untaken(standing) }),
    });
  }

  /** Says whether what waits to be told is so by the database's rows; what this process has yet to store there is. */
  async #isCurrent(news: AlertNews, key: string, standing: Standing | undefined): Promise<boolean> {
    if (standing?.isStored === false) return standing.over === null;
    return (await this.#options.store.isOpen(key)) === (news !== 'cleared');
  }

  /** Nobody was told: whoever finds it next tells it. */
  #untaken(standing: Standing): void {
    standing.isUntaken = true;
    if (standing.over === null) standing.toldAt = null;
    this.#then(async () => {
      const { rowId } = standing;
      if (rowId !== null) await this.#options.store.putBack(rowId);
    });
  }

  #log(news: AlertNews, condition: AlertCondition, alertId: number | null): void {
    const key = alertKey(condition);
    const fields = { event: `alert.${news}`, alert_id: alertId, key, rule: condition.rule, ...condition.details };
    const text = `alert ${news}: ${condition.message} (${condition.rule})`;
    this.#options.logger.log(news === 'cleared' ? 'info' : 'warn', text, fields);
  }

  #isMuted(condition: AlertCondition): boolean {
    const now = this.#options.clock.monotonic();
    return this.#mutes.some(({ mute, untilMs }) => untilMs > now && isMutedBy(mute, condition));
  }

  #since(instant: number): number {
    return (this.#options.clock.monotonic() - instant) / 1_000;
  }
}

/** What is told late, or again, is told as it is now. */
function current(condition: AlertCondition, sinceSeconds: number): AlertCondition {
  return { ...condition, sinceSeconds, message: alertText(condition, sinceSeconds, 'en') };
}
