import type { TaskStore } from '../../database/tasks/task-store.js';
import type { Progress } from '../../model/task.js';
import type { Clock } from '../../runtime/clock.js';

/** A task that beats, as a round needs to know it. */
export interface Beating {
  readonly taskId: number;
  /** What it has done since its last beat; null where nothing moved. */
  readonly unkept: Progress | null;
  /** It hangs, and is not to be renewed. */
  readonly isStalled: boolean;
  /** Its last beat is old enough that another's round may take it along. */
  readonly isRipe: boolean;
  /** It hangs, and whether its task was ended has not been asked of late. */
  readonly isDoubtful: boolean;
  /** It is being asked about, from this moment on by the monotonic clock. */
  asked(at: number): void;
  /** Takes what became of a beat. */
  settle(result: BeatResult, sent: SentBeat): void;
}

export interface SentBeat {
  readonly progress: Progress | null;
  /** When, by the monotonic clock. */
  readonly sentAt: number;
}

/** A beat landed, was refused because the task is no longer running, or failed. */
export type BeatResult = 'landed' | 'lost' | Error;

export interface BeatRoundsOptions {
  readonly tasks: Pick<TaskStore, 'renew' | 'listEnded'>;
  readonly clock: Clock;
  readonly random?: () => number;
}

/** For how long what a look at all of them has found is news, in milliseconds: many that begin one after the other need no look each. */
const lookMs = 250;

interface Round {
  readonly members: ReadonlySet<Beating>;
  readonly done: Promise<void>;
}

/**
 * Renews the leases of all tasks of a process, however many, in one statement: whoever is due takes the others along, but
 * for those who have just beaten, so that they come due together. One round is in the air at a time: beats don't pile up behind one that is late.
 */
export class BeatRounds {
  /**
   * By which part of an interval this process's second beat comes early, from 0 to a half: processes that are started
   * together don't beat together for ever.
   */
  readonly earlyShare: number;
  readonly #options: BeatRoundsOptions;
  /** By their tasks. */
  readonly #members = new Map<number, Beating>();
  /** Those that wait for a round which takes them. */
  readonly #due = new Set<Beating>();
  /** When it was last looked who is ripe, by the monotonic clock. */
  #lookedAt = Number.NEGATIVE_INFINITY;
  #inTheAir: Round | null = null;

  constructor(options: BeatRoundsOptions) {
    this.#options = options;
    this.earlyShare = (options.random ?? Math.random)() / 2;
  }

  /** How many tasks beat here. */
  get size(): number {
    return this.#members.size;
  }

  /** Who beats for a task that this process has claimed again has lost it: its server had lost the first claim, and gave the id anew. */
  join(member: Beating): void {
    const before = this.#members.get(member.taskId);
    this.#members.set(member.taskId, member);
    if (before !== undefined && before !== member) {
      before.settle('lost', { progress: null, sentAt: this.#options.clock.monotonic() });
    }
  }

  leave(member: Beating): void {
    if (this.#members.get(member.taskId) === member) this.#members.delete(member.taskId);
  }

  /** Renews a member's lease, and with it those of the others; resolves when all have been told what became of it. */
  async renew(member: Beating): Promise<void> {
    // Whoever is on its way needs no other beat.
    if (this.#inTheAir?.members.has(member) !== true) this.#due.add(member);
    while (this.#inTheAir !== null && !this.#inTheAir.members.has(member)) await this.#inTheAir.done;
    this.#inTheAir ??= this.#start();
    await this.#inTheAir.done;
  }

  /** Asks whose tasks have been ended of those that hang, without a beat, in one statement; tells them. Throws nothing. */
  async ask(): Promise<void> {
    const { tasks, clock } = this.#options;
    const doubtful = [...this.#members.values()].filter(({ isDoubtful }) => isDoubtful);
    const sentAt = clock.monotonic();
    for (const member of doubtful) member.asked(sentAt);
    const ids = doubtful.map(({ taskId }) => taskId);
    // Who can't be told now asks again within an interval.
    const ended = new Set(ids.length === 0 ? [] : await tasks.listEnded(ids).catch((): readonly number[] => []));
    for (const member of doubtful.filter(({ taskId }) => ended.has(taskId))) {
      this.leave(member);
      member.settle('lost', { progress: null, sentAt });
    }
  }

  #start(): Round {
    const members = new Set([...this.#due, ...this.#ripe()]);
    this.#due.clear();
    const done = this.#beat([...members]).finally(() => (this.#inTheAir = null));
    return { members, done };
  }

  #ripe(): readonly Beating[] {
    const now = this.#options.clock.monotonic();
    if (now - this.#lookedAt < lookMs) return [];
    this.#lookedAt = now;
    return [...this.#members.values()].filter(({ isStalled, isRipe }) => isRipe && !isStalled);
  }

  async #beat(members: readonly Beating[]): Promise<void> {
    const { tasks, clock } = this.#options;
    const sentAt = clock.monotonic();
    const sent = members.map((member) => ({ member, taskId: member.taskId, progress: member.unkept, sentAt }));
    const lost = await tasks.renew(sent).then(
      (ids) => new Set(ids),
      (error: unknown) => error as Error,
    );
    for (const { member, ...beat } of sent) {
      const result = resultOf(beat.taskId, lost);
      // Who has lost its lease can't have it back.
      if (result === 'lost') this.leave(member);
      member.settle(result, beat);
    }
  }
}

function resultOf(taskId: number, lost: ReadonlySet<number> | Error): BeatResult {
  if (lost instanceof Error) return lost;
  return lost.has(taskId) ? 'lost' : 'landed';
}
