import { taskToJson } from '../../model/task-json.js';
import { statusText, taskStatus, type Task } from '../../model/task.js';
import { waitingText } from '../../model/waiting.js';
import { obstacleText, wantedToJson } from '../../model/wanted.js';
import type { Lang } from '../../runtime/lang.js';
import { readShownPipelines, type ShownPipeline } from '../../tasks/views/listed-pipelines.js';
import { pipelineSummaryToJson } from '../../tasks/views/pipeline-json.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandBody } from '../command-line/command.js';
import type { CommandContext } from '../context/context.js';
import { withDatabase } from '../context/opened-databases.js';
import type { Cell } from '../terminal/output.js';
import { briefAge, briefInstant } from '../terminal/brief-texts.js';
import type { Heading } from '../terminal/render-table.js';
import { heartbeatText, lagText } from '../texts/task-table.js';

export const command: CommandBody = { action: listPipelines };

const headings: readonly Heading[] = [
  { column: 'id', align: 'right' },
  { column: 'name', least: 16 },
  { column: 'components', cut: 3, least: 14 },
  { column: 'state' },
  { column: 'task' },
  { column: 'behind', align: 'right' },
  { column: 'lastHeartbeat', cut: 2, brief: briefAge },
  { column: 'updated', cut: 4, brief: briefInstant },
  { column: 'waitsFor', cut: 1, least: 12 },
];

/** Lists all pipelines: what is wanted of each, what it does, how far it is behind, when it beat last. */
async function listPipelines(context: CommandContext): Promise<void> {
  const { output, settings } = context;
  const listed = await withDatabase(context, (database) =>
    readShownPipelines(database, settings.heartbeatIntervalSeconds),
  );
  if (output.isJson) {
    const timeoutMinutes = settings.taskTimeoutMinutes;
    const pipelines = listed.map((each) => toJson(each, timeoutMinutes));
    return output.json({ pipelines, total: pipelines.length });
  }
  await output.table(
    headings,
    listed.map((each) => rowOf(each, output.lang)),
  );
}

function toJson(pipeline: ShownPipeline, timeoutMinutes: number): object {
  const { isParked, wanted, task } = pipeline;
  return {
    ...pipelineSummaryToJson(pipeline),
    parked: isParked,
    waiting_for: waitText(task, 'en'),
    wanted: wantedToJson(wanted),
    latest_task: task === null ? null : taskToJson(task, { timeoutMinutes }),
  };
}

function rowOf(pipeline: ShownPipeline, lang: Lang): readonly Cell[] {
  const { task, wanted } = pipeline;
  return [
    ...[pipeline.id, pipeline.name, pipeline.componentTypes.join(', ')],
    ...[stateText(pipeline, lang), ...taskCells(task, lang)],
    pipeline.updateTime,
    waitText(task, lang) ?? (wanted === null ? null : obstacleText(wanted, lang)),
  ];
}

/** What the newest task does, how far it is behind the head, when it beat last. */
function taskCells(task: Task | null, lang: Lang): readonly Cell[] {
  if (task === null) return [null, null, null];
  const { status, progress } = task;
  const lag = status === taskStatus.running && progress?.mode === 'realtime' ? lagText(progress, lang) : null;
  return [statusText(status, lang), lag, heartbeatText(task, lang)];
}

function waitText(task: Task | null, lang: Lang): string | null {
  return task === null || task.waiting === null ? null : waitingText(task.waiting, lang);
}

function stateText({ disabled, isParked, wanted }: ShownPipeline, lang: Lang): string {
  const texts = textsIn(lang).commands.pipeline;
  const isStarted = wanted?.state === 'started';
  const isHeld = isStarted && wanted.heldReason !== null && !isParked;
  return [
    isStarted ? texts.started : disabled ? texts.disabled : texts.enabled,
    ...(isParked ? [texts.parked] : []),
    ...(isHeld ? [texts.held] : []),
  ].join(', ');
}
