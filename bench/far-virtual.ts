import type { Benchmark, BenchOptions, Report } from './benchmark.js';
import { limitedPerSecond as perSecond, usualTraits } from './far-node-rules.js';
import type { FarNodeTraits } from './far-node-rules.js';
import { playFar } from './far-play.js';
import type { FarPlayed } from './far-play.js';

/** What `far-history` measures of a run's requests, in time that only seems to pass: however busy the machine is, it comes out the same. */
export const farVirtual: Benchmark = {
  summary: 'what far-history shows, in time that only seems to pass, in which nothing but the line takes any',
  async run(options, report) {
    const blocks = options.number('blocks', 20_000);
    const seeds = Array.from({ length: options.number('seeds', 5) }, (_, at) => at + 1);
    const many = await play({ maxBlocks: 100 }, blocks);
    report.atMost(`${blocks} blocks, 100 a request, times asked for`, many.seconds, 3, ' s');
    const without = await play({}, blocks);
    report.atMost(`${blocks} blocks, 10 a request, times asked for`, without.seconds, 5, ' s');
    await shareOfRate(options, seeds, report);
    for (const maxBlocks of [100, 10]) {
      const { figures } = await play({ maxBlocks, inFlight: 10 }, blocks);
      const refused = figures.refused / (figures.answered + figures.refused);
      report.atMost(`share refused where 10 are taken at a time, ${maxBlocks} blocks a request`, refused, 0.02);
    }
    const shares: number[] = [];
    for (const seed of seeds) shares.push(without.seconds / (await play({ faults: 0.1 }, blocks, seed)).seconds);
    shares.sort((one, other) => one - other);
    report.note(
      `with 10 % faults, from the worst seed to the best: ${shares.map((each) => each.toFixed(2)).join(' ')}`,
    );
    const [median = 0] = shares.slice(Math.floor(shares.length / 2));
    report.atLeast('share of the speed without faults, the median of the seeds', median, 0.7);
  },
};

/** What a bucket held at the beginning was given at once; whoever counts whole seconds has none. */
async function shareOfRate(options: BenchOptions, seeds: readonly number[], report: Report): Promise<void> {
  const ways: Readonly<Record<string, Partial<FarNodeTraits>>> = {
    'which it does not say': {},
    'which it says': { isStated: true },
    'which its headers say': { isInHeaders: true },
  };
  const blocks = Math.min(10_000, options.number('blocks', 10_000));
  for (const [name, how] of Object.entries(ways)) {
    const given = how.isInHeaders === true ? 0 : perSecond;
    const shares: number[] = [];
    for (const seed of seeds) {
      const { figures } = await play({ perSecond, ...how }, blocks, seed);
      shares.push((figures.answered - given) / ((figures.spanMs / 1_000) * perSecond));
    }
    report.atLeast(
      `share of ${perSecond} requests a second, ${name}, the worst of the seeds`,
      Math.min(...shares),
      0.95,
    );
  }
}

function play(traits: Partial<FarNodeTraits>, to: number, seed = 1): Promise<FarPlayed> {
  return playFar({ traits: { ...usualTraits, maxBlocks: 10, ...traits, blocks: to + 1_000 }, to, seed });
}
