import { fileURLToPath } from 'node:url';
import { Child } from '../test/support/child.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import type { Benchmark } from './benchmark.js';
import { fingerprint } from './fingerprint.js';
import { chainparseFromPortal, chainparseOf, migrate, programOf, shown } from './ingest-program.js';
import type { IngestProgram, Ingested } from './ingest-program.js';
import { median } from './percentile.js';

const logsPerBlock = 200;
/** The blocks of a node's request: 5,000 logs. */
const step = 25;

/** How fast history is read from a portal: beside the least that a node's can cost, and beside what a run makes of a node. */
export const portalBench: Benchmark = {
  summary:
    'history from an SQD Portal into SQLite: at least 95 % of the speed of the floor, which reads a node; the same rows',
  async run(options, report) {
    const blocks = options.number('events', 500_000) / logsPerBlock;
    const [rpcUrl, portalUrl] = await Promise.all([
      serve('log-node.ts', blocks + 1_000),
      serve('portal-node.ts', Math.max(blocks, options.number('memory', 0) / logsPerBlock)),
    ]);
    const run = async (program: IngestProgram, url: string): Promise<Ingested & { readonly contents: string }> => {
      const database = `sqlite:${temporaryFolder()}/portal.db`;
      await migrate(database);
      const done = await program(database, url, { from: 1, to: blocks, step });
      return { ...done, contents: await fingerprint(database, blocks) };
    };
    const shares: number[] = [];
    const costs: number[] = [];
    for (let round = 0; round < options.number('rounds', 3); round++) {
      const floor = await run(programOf('floor'), rpcUrl);
      const portal = await run(chainparseFromPortal(null), portalUrl);
      const checked = await run(chainparseFromPortal(rpcUrl), portalUrl);
      const node = options.number('node', 1) === 0 ? null : await run(chainparseOf(step), rpcUrl);
      if (portal.contents !== floor.contents || checked.contents !== floor.contents)
        throw new Error('other rows were stored than by the floor');
      report.note(
        `floor ${shown(floor)}, portal ${shown(portal)}, with samples ${shown(checked)}${node === null ? '' : `, the same from a node ${shown(node)}`}`,
      );
      shares.push(floor.seconds / portal.seconds);
      costs.push(portal.cpuSeconds / floor.cpuSeconds);
    }
    report.atLeast('share of the speed of the floor', median(shares), 0.95);
    report.note(`processor time, ${median(costs).toFixed(2)} times that of the floor`);
  },
};

async function serve(program: string, blocks: number): Promise<string> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const args = ['--import', 'tsx', path, String(blocks), String(logsPerBlock)];
  const [url] = await new Child(process.execPath, args).output(/http:\S+/, 120_000);
  return url;
}
