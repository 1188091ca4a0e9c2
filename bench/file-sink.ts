import { temporaryFolder } from '../test/support/temporary-folder.js';
import type { Benchmark } from './benchmark.js';
import { chainparseOf } from './ingest-program.js';
import type { Ingested } from './ingest-program.js';
import { startLogNode } from './start-log-node.js';

const logsPerBlock = 100;

/** What Parquet files cost a run, from the node to the last file. */
export const fileSinkBench: Benchmark = {
  summary: 'history into SQLite and from there into Parquet: at least half of the events a second without the files',
  async run(options, report) {
    const blocks = Math.ceil(options.number('events', 300_000) / logsPerBlock);
    const url = await startLogNode(blocks, logsPerBlock);
    const run = (below: Parameters<typeof chainparseOf>[1]): Promise<Ingested> => {
      const range = { from: 1, to: blocks, step: 50 };
      return chainparseOf(50, below)(`sqlite:${temporaryFolder()}/ingest.db`, url, range);
    };
    const ratios: number[] = [];
    for (let round = 0; round < options.number('rounds', 3); round++) {
      const without = await run([]);
      const files = await run([
        { name: 'lake', type: 'file_sink', path: 'lake', format: 'parquet', rotate_blocks: 1_000 },
      ]);
      for (const [name, { events, seconds, cpuSeconds, peakMb }] of Object.entries({ without, files })) {
        const speed = Math.round(events / seconds / 1_000);
        report.note(
          `${name}: ${speed}k/s, ${((cpuSeconds * 1e6) / events).toFixed(1)} us of a processor an event, ${Math.round(peakMb)} MB`,
        );
      }
      ratios.push(without.seconds / files.seconds);
    }
    report.atLeast('events a second, beside those without files', Math.max(...ratios), 0.5);
  },
};
