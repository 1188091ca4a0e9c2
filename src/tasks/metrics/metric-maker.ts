import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Seconds: from a beat on the same computer to a server that hardly answers. */
const latencyBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Makes metrics on one registry. */
export class MetricMaker {
  readonly #registers: Registry[];

  constructor(registry: Registry) {
    this.#registers = [registry];
  }

  counter<T extends string>(name: string, help: string, labelNames: T[] = []): Counter<T> {
    return new Counter({ name, help, labelNames, registers: this.#registers });
  }

  gauge<T extends string>(name: string, help: string, labelNames: T[] = []): Gauge<T> {
    return new Gauge({ name, help, labelNames, registers: this.#registers });
  }

  /** Of latencies in seconds. */
  histogram<T extends string>(name: string, help: string, labelNames: T[] = []): Histogram<T> {
    return new Histogram({ name, help, labelNames, buckets: latencyBuckets, registers: this.#registers });
  }

  /** A gauge that is read when somebody asks; undefined: it shows nothing. */
  derived(name: string, help: string, read: () => number | undefined): void {
    new Gauge({
      ...{ name, help, registers: this.#registers },
      collect() {
        const value = read();
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  }

  /** A gauge with labels whose values are all read anew when somebody asks. */
  derivedSet<T extends string>(
    name: string,
    help: string,
    labelNames: T[],
    read: () => Iterable<readonly [Record<T, string>, number]>,
  ): void {
    new Gauge({
      ...{ name, help, labelNames, registers: this.#registers },
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  }
}
