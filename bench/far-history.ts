import { fileURLToPath } from 'node:url';
import { Child } from '../test/support/child.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import type { Benchmark, BenchOptions, Report } from './benchmark.js';
import { limitedPerSecond as perSecond, usualTraits } from './far-node-rules.js';
import type { FarNodeFigures, FarNodeTraits } from './far-node-rules.js';
import { chainparseOf, migrate } from './ingest-program.js';

interface FarRun {
  readonly seconds: number;
  readonly figures: FarNodeFigures;
}

/** History from nodes that are far away, give few blocks at once, and count requests. */
export const farHistory: Benchmark = {
  summary:
    'history of 10 logs a block from a node 100 ms away: 20,000 blocks in 3 s, of 10 blocks a request in 5 s; limits of nodes are kept to and used',
  async run(options, report) {
    const only = options.number('only', 0);
    for (const [index, [name, part]] of Object.entries(parts).entries()) {
      if (only !== 0 && only !== index + 1) continue;
      report.note(name);
      await part(options, report);
    }
  },
};

type Part = (options: BenchOptions, report: Report) => Promise<void>;

const parts: Readonly<Record<string, Part>> = {
  '1: 100 blocks a request': async (options, report) => {
    const blocks = options.number('blocks', 20_000);
    const { seconds } = await read({ blocks }, report);
    report.atMost(`${blocks} blocks, 100 a request, times asked for`, seconds, 3, ' s');
  },
  '2: 10 blocks a request': async (options, report) => {
    const blocks = options.number('blocks', 20_000);
    const { seconds } = await read({ blocks, maxBlocks: 10 }, report);
    report.atMost(`${blocks} blocks, 10 a request, times asked for`, seconds, 5, ' s');
  },
  '3: 25 requests a second, which it does not say': (_options, report) => readAtRate({}, report),
  '4: 25 requests a second, which it says': (_options, report) => readAtRate({ isStated: true }, report),
  '5: 10 requests at a time': async (options, report) => {
    const blocks = options.number('blocks', 20_000);
    for (const maxBlocks of [100, 10]) {
      const { figures } = await read({ blocks, maxBlocks, inFlight: 10 }, report);
      report.atMost(`share refused, ${maxBlocks} blocks a request`, shareRefused(figures), 0.02);
    }
  },
  '6: 10 % faults': async (options, report) => {
    const blocks = options.number('blocks', 20_000);
    const without = await read({ blocks, maxBlocks: 10 }, report);
    const faulty = await read({ blocks, maxBlocks: 10, faults: 0.1 }, report);
    report.atLeast('share of the speed without faults', without.seconds / faulty.seconds, 0.7);
  },
  '7: 25 requests a second, which the headers of its answers say': (_options, report) =>
    readAtRate({ isInHeaders: true }, report),
  '8: a second node, which gives fewer blocks at once': async (options, report) => {
    const blocks = options.number('blocks', 60_000);
    const [large, small] = [{ maxBlocks: 2_000 }, { maxBlocks: 10 }];
    for (const rate of [0, perSecond]) {
      report.note(rate === 0 ? 'as many requests as are wanted' : `${rate} requests a second each`);
      const traits = { blocks, logsPerBlock: 1, perSecond: rate };
      const alone = await read({ ...traits, nodes: [large] }, report);
      for (const nodes of [
        [small, large],
        [large, small],
        [large, large],
      ]) {
        const { seconds } = await read({ ...traits, nodes }, report);
        const names = nodes.map(({ maxBlocks }) => maxBlocks).join(' and ');
        report.atMost(`share of the time with 2000 blocks alone, ${names}`, seconds / alone.seconds, 1.1);
      }
    }
  },
};

/** What a bucket held at the beginning was given at once; whoever counts whole seconds has none. */
async function readAtRate(how: Partial<FarNodeTraits>, report: Report): Promise<void> {
  const { figures } = await read({ blocks: 10_000, maxBlocks: 10, perSecond, ...how }, report);
  const { answered, spanMs } = figures;
  const given = how.isInHeaders === true ? 0 : perSecond;
  report.atLeast('share of the rate', (answered - given) / ((spanMs / 1_000) * perSecond), 0.95);
  report.note(`${(100 * shareRefused(figures)).toFixed(1)} % refused`);
}

function shareRefused({ answered, refused }: FarNodeFigures): number {
  return refused / (answered + refused);
}

interface FarHistory extends Partial<FarNodeTraits> {
  readonly blocks: number;
  /** In what each of several nodes is different, in the order in which they are given; the figures are those of the first. */
  readonly nodes?: readonly Partial<FarNodeTraits>[];
}

async function read({ nodes = [{}], ...rest }: FarHistory, report: Report): Promise<FarRun> {
  const traits = { ...usualTraits, ...rest };
  const url = `sqlite:${temporaryFolder()}/far.db`;
  await migrate(url);
  const rpcUrls = await Promise.all(
    nodes.map((node) => startFarNode({ ...traits, ...node, blocks: traits.blocks + 1_000 })),
  );
  const done = await chainparseOf(2_000)(url, rpcUrls.join(), { from: 1, to: traits.blocks, step: 2_000 });
  if (done.events !== traits.blocks * traits.logsPerBlock) throw new Error(`${done.events} events were stored`);
  report.note(
    `${done.seconds.toFixed(2)} s (${done.cpuSeconds.toFixed(2)} s of a core, ${Math.round(done.peakMb)} MB)`,
  );
  const figures = await Promise.all(rpcUrls.map(async (each) => (await (await fetch(each)).json()) as FarNodeFigures));
  for (const { answered, refused, failed, mostInFlight } of figures)
    report.note(`${answered} requests answered, ${refused} refused, ${failed} failed, ${mostInFlight} at a time`);
  return { seconds: done.seconds, figures: figures[0] as FarNodeFigures };
}

/** Starts a node that is far away; returns its URL. */
export async function startFarNode(traits: FarNodeTraits): Promise<string> {
  const program = fileURLToPath(new URL('far-node.ts', import.meta.url));
  const [url] = await new Child(process.execPath, ['--import', 'tsx', program, JSON.stringify(traits)]).output(
    /http:\S+/,
    30_000,
  );
  return url;
}
