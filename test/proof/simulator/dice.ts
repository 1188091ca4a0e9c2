import { seededRandom } from '../../support/seeded-random.js';

/** Draws numbers, by a seed or from a source of others' random numbers. */
export class Dice {
  readonly random: () => number;

  constructor(source: number | (() => number)) {
    this.random = typeof source === 'number' ? seededRandom(source) : source;
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  between(low: number, high: number): number {
    return low + this.random() * (high - low);
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T;
  }
}
