import { WorkerStore } from '../../database/operations/worker-store.js';
import { workerState, workerToJson, type WorkerView } from '../../model/worker.js';
import type { Lang } from '../../runtime/lang.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandBody } from '../command-line/command.js';
import type { CommandContext } from '../context/context.js';
import { withDatabase } from '../context/opened-databases.js';
import type { Cell } from '../terminal/output.js';
import { agoText } from '../../texts/age-text.js';
import type { Heading } from '../terminal/render-table.js';

/** Commands about workers. */
export const command: CommandBody = {
  commands: [
    {
      name: 'list',
      summary: 'list workers: who is alive, holding what',
      options: [
        { flags: '--all', description: 'also those that have ended' },
        { flags: '--limit <n>', description: 'workers at most; 100 where left out', kind: 'id' },
      ],
      action: listWorkers,
    },
  ],
};

interface ListOptions {
  readonly all?: boolean;
  readonly limit?: number;
}

const headings: readonly Heading[] = [
  { column: 'worker', least: 12 },
  { column: 'state' },
  { column: 'places', align: 'right' },
  { column: 'taskIds', least: 8 },
  { column: 'chains', cut: 2, least: 8 },
  { column: 'version', cut: 3 },
  { column: 'heartbeat', align: 'right' },
];

/** Lists the workers that have not ended, those with the latest sign of life first. */
async function listWorkers(context: CommandContext, { all = false, limit = 100 }: ListOptions): Promise<void> {
  const { output } = context;
  const listed = withDatabase(context, (database) => new WorkerStore(database).list(limit, { ended: all }));
  const { workers, total } = await listed;
  if (output.isJson) return output.json({ workers: workers.map(workerToJson), total });
  if (workers.length === 0) output.note(textsIn(output.lang).workers.none);
  else
    await output.table(
      headings,
      workers.map((worker) => workerRow(worker, output.lang)),
    );
  if (total > workers.length) output.note(`${total} workers in all: --limit shows more`);
}

function workerRow(worker: WorkerView, lang: Lang): readonly Cell[] {
  const { workers } = textsIn(lang);
  return [
    ...[worker.name, workers.state[workerState(worker)], `${worker.running}/${worker.concurrency}`],
    ...[worker.taskIds.join(' ') || null, worker.chains === null ? workers.anyChain : worker.chains.join(' ') || null],
    ...[worker.version, agoText(worker.heartbeatAgeSeconds, lang)],
  ];
}
