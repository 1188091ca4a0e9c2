import type { History } from './history.js';
import { repairer } from './repair-event.js';

/** Counts what schedules were made of, so that one sees that they were worth it. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(history: History): void {
    this.#count('schedules');
    for (const row of history.ledger) {
      if (row.kind === 'event') this.#count('events stored');
      if (row.kind === 'checkpoint' && row.detail === 'moved') this.#count('commits');
      if (row.kind === 'checkpoint' && row.detail === 'moved' && row.sender === repairer) this.#count('repairs');
      if (row.kind === 'task') this.#count('tasks');
      if (row.kind === 'change' && row.old_status === 0 && row.status !== 0) this.#count(`ended: ${row.detail ?? ''}`);
    }
    for (const { kind } of history.plan.faults) this.#count(`fault: ${kind}`);
    for (const { outcome, process } of history.runs) {
      this.#count(`run: ${outcome ?? (process.hasCrashed ? 'crashed' : 'open')}`);
    }
  }

  /** One line for each count, by name. */
  toString(): string {
    const lines = [...this.#counts].sort().map(([name, count]) => `  ${name.padEnd(32)} ${count}`);
    return lines.join('\n');
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
}
