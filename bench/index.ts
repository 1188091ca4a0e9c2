import { parseArgs } from 'node:util';
import { UsageError } from '../src/runtime/errors.js';
import { endAll } from '../test/support/at-end.js';
import { Report } from './benchmark.js';
import type { BenchOptions, Benchmark } from './benchmark.js';

/** Every benchmark by name; a module is loaded when its benchmark is asked for. */
const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  outage: async () => (await import('./outage.js')).outage,
  beats: async () => (await import('./beats.js')).beats,
  busy: async () => (await import('./busy.js')).busy,
  stall: async () => (await import('./stall.js')).stall,
  decode: async () => (await import('./decode.js')).decode,
  detect: async () => (await import('./detect.js')).detect,
  store: async () => (await import('./store.js')).store,
  ingest: async () => (await import('./ingest.js')).ingest,
  portal: async () => (await import('./portal.js')).portalBench,
  api: async () => (await import('./api.js')).api,
  bodies: async () => (await import('./bodies.js')).bodies,
  latency: async () => (await import('./latency.js')).latency,
  deliver: async () => (await import('./deliver.js')).deliver,
  'file-sink': async () => (await import('./file-sink.js')).fileSinkBench,
  'sink-away': async () => (await import('./sink-away.js')).sinkAway,
  'table-sink': async () => (await import('./table-sink.js')).tableSinkBench,
  'far-history': async () => (await import('./far-history.js')).farHistory,
  'far-virtual': async () => (await import('./far-virtual.js')).farVirtual,
  shards: async () => (await import('./shards.js')).shards,
  idle: async () => (await import('./idle.js')).idle,
  claims: async () => (await import('./claims.js')).claims,
  start: async () => (await import('./start.js')).start,
  throttled: async () => (await import('./throttled.js')).throttled,
  peers: async () => (await import('./peers/peers.js')).peers,
};

async function list(): Promise<void> {
  console.log('npm run bench -- NAME [--option N], or all\n');
  for (const [name, load] of Object.entries(benchmarks)) console.log(`${name.padEnd(8)} ${(await load()).summary}`);
}

/** Options as they were given; it knows which of them nobody asked for: whoever misspelt one would believe a figure of something else. */
class GivenOptions implements BenchOptions {
  readonly #given = new Map<string, number>();
  readonly #asked = new Set<string>();

  constructor(args: readonly string[]) {
    for (const token of parseArgs({ args: [...args], strict: false, tokens: true }).tokens) {
      if (token.kind !== 'option') continue;
      const value = Number(token.value ?? args[token.index + 1]);
      if (!Number.isFinite(value)) throw new UsageError(`--${token.name} wants a number`);
      this.#given.set(token.name, value);
    }
  }

  number(name: string, byDefault: number): number {
    this.#asked.add(name);
    return this.#given.get(name) ?? byDefault;
  }

  refuseUnasked(): void {
    const unasked = [...this.#given.keys()].filter((name) => !this.#asked.has(name));
    const asked = [...this.#asked].map((name) => `--${name}`).join(', ');
    if (unasked.length > 0)
      throw new UsageError(`nothing asked for --${unasked.join(', --')}, but for ${asked || 'none'}`);
  }
}

async function measure(name: string, benchmark: Benchmark, given: BenchOptions): Promise<boolean> {
  console.log(`${name}: ${benchmark.summary}`);
  const report = new Report();
  await benchmark.run(given, report);
  if (report.isEmpty)
    throw new UsageError(`nothing of ${name} was measured: bench/README.md says what its options take`);
  return report.isGood;
}

/** Measures one after the other, `all` without what fetches programs of others; returns the exit code: 1 where a claim did not hold, 2 where there is no such benchmark or option. */
async function main(name: string, args: readonly string[]): Promise<number> {
  const names = name === 'all' ? Object.keys(benchmarks).filter((each) => each !== 'peers') : [name];
  const options = new GivenOptions(args);
  let code = 0;
  for (const each of names) {
    const load = benchmarks[each];
    if (load === undefined) {
      await list();
      return name === '' ? 0 : 2;
    }
    if (!(await measure(each, await load(), options))) code = 1;
    await endAll();
  }
  options.refuseUnasked();
  return code;
}

const [name = '', ...args] = process.argv.slice(2);
try {
  process.exitCode = await main(name, args).finally(endAll);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 2;
}
// What a measurement left open must not keep the figures from whoever waits for them.
process.exit();
