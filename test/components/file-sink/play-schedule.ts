import { seededRandom } from '../../support/seeded-random.js';
import { SimJournal } from './sim-journal.js';
import type { SimOutbox } from './sim-outbox.js';
import { SimWorld } from './sim-world.js';
import type { Place } from './sim-world.js';

/** A process that is gone, or stands still while another takes over. */
class Gone extends Error {}

/** What goes wrong with the process that holds the pipeline, so many steps from now. */
interface Trouble {
  steps: number;
  kind: 'fail' | 'kill' | 'freeze';
}

/** Plays what follows from a seed: a chain's whims, repairs, failures, kills and processes that wake up late. */
export async function playSchedule(seed: number, place: Place): Promise<void> {
  const schedule = new Schedule(seed, place);
  try {
    for (let turn = 0; turn < 80; turn++) await schedule.turn();
    await schedule.end();
  } finally {
    await schedule.close();
  }
}

class Schedule {
  readonly #random: () => number;
  readonly #world: SimWorld;
  readonly #density: number;
  readonly #trouble: Trouble = { steps: Infinity, kind: 'fail' };
  readonly #frozen: (() => void)[] = [];
  /** What may write and not remove, as some buckets have it: not by the dice, so that the other schedules stay as they are. */
  #keepsFiles: boolean;
  #gone: () => void = () => undefined;
  #outbox: SimOutbox;
  #replayFrom = 0;

  constructor(seed: number, place: Place) {
    this.#random = seededRandom(seed);
    this.#keepsFiles = seed % 6 === 5;
    this.#density = this.#random() * 2;
    const journal = new SimJournal(this.#below(40));
    const blocks = [5, 10, 25][this.#below(3)] ?? 10;
    const bytes = this.#happens(0.3) ? 100 : Infinity;
    this.#world = new SimWorld({ place, journal, blocks, bytes, afterMs: this.#happens(0.3) ? 60_000 : null });
    this.#outbox = this.#start();
  }

  async turn(): Promise<void> {
    await this.#act(this.#random());
    this.#world.judge();
  }

  /** Everything is read and delivered in peace; nothing may be missing then, twice or left over. */
  async end(): Promise<void> {
    this.#trouble.steps = Infinity;
    this.#keepsFiles = false;
    await this.#thaw();
    const { journal } = this.#world;
    this.#outbox = this.#start();
    const highest = Math.max(journal.head, journal.start, ...journal.rows.map(({ block }) => block));
    journal.read(highest + 1, () => this.#rows());
    journal.finalized = journal.head;
    while (await this.#outbox.step(5));
    await this.#outbox.settle(true);
    this.#world.judge();
    this.#world.judgeEnd();
  }

  close(): Promise<void> {
    return this.#world.close();
  }

  async #act(dice: number): Promise<void> {
    const { journal, clock } = this.#world;
    if (dice < 0.25) this.#changeRows(dice);
    else if (dice < 0.34) journal.finalized = Math.max(journal.finalized, journal.head - this.#below(6));
    else if (dice < 0.38) await clock.advance(40_000);
    else if (dice < 0.45) this.#plan();
    else if (dice < 0.47) this.#outbox = this.#start();
    else if (dice < 0.49) await this.#stop();
    else if (dice < 0.5) this.#replayFrom = 1 + this.#below(journal.head + 1);
    else if (dice < 0.53) await this.#thaw();
    else await this.#work(() => this.#outbox.step(1 + this.#below(9), this.#replayFrom));
  }

  #changeRows(dice: number): void {
    const { journal } = this.#world;
    const back = (most: number): number => Math.max(journal.start, journal.head - this.#below(most));
    if (dice < 0.15) {
      journal.read(
        journal.head + 1 + this.#below(12),
        () => this.#rows(),
        () => this.#happens(0.3),
      );
    } else if (dice < 0.2) journal.repair(back(60), () => this.#happens(0.5), this.#below(3));
    else if (dice < 0.23) journal.rewind(back(20));
    else journal.readAgainFrom(back(30));
  }

  #plan(): void {
    this.#trouble.steps = this.#below(12);
    this.#trouble.kind = (['fail', 'kill', 'freeze'] as const)[this.#below(3)] ?? 'fail';
  }

  async #stop(): Promise<void> {
    await this.#work(() => this.#outbox.settle(true));
    this.#outbox = this.#start();
  }

  /** Who stood still goes on, and does what it was about to. */
  async #thaw(): Promise<void> {
    for (const thaw of this.#frozen.splice(0)) thaw();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** Lets the process do something; where it is gone in the middle of it another one starts. */
  async #work(what: () => Promise<unknown>): Promise<void> {
    const gone = new Promise<never>((_resolve, reject) => (this.#gone = () => reject(new Gone())));
    try {
      await Promise.race([gone, what()]);
    } catch (error) {
      if (error instanceof Gone) this.#outbox = this.#start();
      else if (!(error as Error).message.startsWith('failed ')) throw error;
    }
  }

  #start(): SimOutbox {
    const claim = this.#world.claim + 1;
    return this.#world.start((step) => this.#step(step, claim));
  }

  async #step(step: string, claim: number): Promise<void> {
    if (this.#keepsFiles && step === 'before remove') throw new Error('access denied');
    if (claim !== this.#world.claim || this.#trouble.steps-- > 0) return;
    this.#trouble.steps = Infinity;
    if (this.#trouble.kind === 'fail') throw new Error(`failed ${step}`);
    this.#gone();
    await new Promise<void>((resolve) => {
      if (this.#trouble.kind === 'freeze') this.#frozen.push(resolve);
    });
  }

  #rows(): number {
    return Math.floor(this.#random() * (1 + this.#density));
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #happens(probability: number): boolean {
    return this.#random() < probability;
  }
}
