import type { AlertCondition } from '../../../src/model/alert.js';
import { alertKey } from '../../../src/model/alert.js';
import type { StoredAlert } from '../../../src/database/operations/alert-rows.js';
import type { AlertStore, Raised } from '../../../src/database/operations/alert-store.js';
import { DatabaseUnreachableError } from '../../../src/runtime/errors.js';
import { AlertDesk } from '../../../src/tasks/alerts/alert-desk.js';
import type { AlertMessage, Posting } from '../../../src/tasks/alerts/alert-message.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';

/** A desk on a store that does what the test says. */
export class AlertFixture {
  readonly clock = new FakeClock();
  readonly posted: AlertMessage[] = [];
  /** What was said of what was posted last. */
  posting: Posting = {};
  readonly logger = new MemoryLogger();
  /** What the store was asked. */
  readonly asked: string[] = [];
  /** What it holds open, by key. */
  readonly open = new Map<string, AlertCondition>();
  isAway = false;
  /** Tasks that have ended, by id: about their beats nothing is raised. */
  readonly ended = new Set<number>();
  /** What the store says of an alert that stands. */
  standing: Raised['outcome'] = 'standing';
  /** What it holds of an alert that is cleared. */
  row: Partial<StoredAlert> = {};
  readonly desk: AlertDesk;

  constructor() {
    this.desk = new AlertDesk({
      store: this.#store(),
      outbox: { post: (message, posting) => this.#post(message, posting) },
      clock: this.clock,
      logger: this.logger,
      worker: 'here:1',
      repeatSeconds: 3_600,
      mask: (condition) => ({ ...condition, message: condition.message.replaceAll('hunter2', '***') }),
    });
  }

  /** What was sent so far, in short. */
  async told(): Promise<readonly string[]> {
    await settle();
    return this.posted.splice(0).map(({ type, data }) => `${type} ${data.key}`);
  }

  #post(message: AlertMessage, posting: Posting = {}): void {
    this.posted.push(message);
    this.posting = posting;
  }

  #store(): Pick<AlertStore, 'raise' | 'record' | 'clear' | 'putBack' | 'isOpen'> {
    return {
      raise: (condition, options) => {
        this.#ask('raise', alertKey(condition));
        if (this.isAway) return Promise.reject(new DatabaseUnreachableError('gone'));
        if (this.ended.has(condition.taskId ?? 0)) return Promise.resolve({ outcome: 'ended', alertId: null });
        const isNew = !this.open.has(alertKey(condition));
        this.open.set(alertKey(condition), condition);
        // As the store: what is told late, or again, is told with how long it has stood.
        const stood =
          this.standing === 'standing' ? {} : { stood: { openSeconds: options.openSeconds, sinceSeconds: 300 } };
        return Promise.resolve(
          isNew ? { outcome: 'raised', alertId: 7 } : { outcome: this.standing, alertId: 7, ...stood },
        );
      },
      record: (condition, { openSeconds, clearedSecondsAgo }) => {
        this.#ask(`record ${openSeconds}-${clearedSecondsAgo}`, alertKey(condition));
        return this.isAway ? Promise.reject(new DatabaseUnreachableError('gone')) : Promise.resolve();
      },
      clear: (key) => {
        this.#ask('clear', key);
        if (this.isAway) return Promise.reject(new DatabaseUnreachableError('gone'));
        const condition = this.open.get(key);
        this.open.delete(key);
        return Promise.resolve(condition === undefined ? null : { ...storedAlert(condition), ...this.row });
      },
      putBack: (id) => {
        this.#ask('put back', String(id));
        return Promise.resolve();
      },
      isOpen: (key) => Promise.resolve(this.open.has(key)),
    };
  }

  #ask(what: string, key: string): void {
    this.asked.push(`${what} ${key}`);
  }
}

/** An open alert as the store has it. */
export function storedAlert(condition: AlertCondition): StoredAlert {
  return {
    ...condition,
    id: 7,
    worker: 'there:2',
    createTime: '2024-01-15T10:00:00',
    notifyTime: '2024-01-15T10:00:00',
    notifications: 1,
    clearTime: null,
    clearedBy: null,
    openSeconds: 90,
    since: '2024-01-15T10:00:00',
    mutedUntil: null,
    clearedSecondsAgo: null,
    isQuiet: false,
  };
}
