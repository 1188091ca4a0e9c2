import { wantedToJson } from '../../model/wanted.js';
import { changeWanted, type ChangedWanted, type Wish } from '../../tasks/fleet/change-wanted.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandBody } from '../command-line/command.js';
import type { CommandContext } from '../context/context.js';
import { withDatabase } from '../context/opened-databases.js';

interface IdOption {
  readonly id: number;
}

/** Returns the command that says of a pipeline that it shall run, shall not, or shall begin anew. */
export function wantedCommand(wish: Wish): CommandBody {
  return {
    arguments: [{ name: 'id', description: "the pipeline's id or name", kind: 'pipeline' }],
    settings: ['heartbeat_interval'],
    action: (context: CommandContext, { id }: IdOption) => change(context, id, wish),
  };
}

async function change(context: CommandContext, id: number, wish: Wish): Promise<void> {
  const { output, settings } = context;
  const changed = await withDatabase(context, (database) =>
    changeWanted(database, id, wish, settings.heartbeatIntervalSeconds),
  );
  if (!output.isJson) return output.line(describe(id, wish, changed, output.lang));
  const { wanted, queuedTaskId, ended } = changed;
  return output.json({
    pipeline_id: id,
    wanted: wantedToJson(wanted),
    queued_task_id: queuedTaskId,
    ended_tasks: ended,
  });
}

function describe(
  id: number,
  wish: Wish,
  { queuedTaskId, ended, wanted: after }: ChangedWanted,
  lang: 'en' | 'zh',
): string {
  const { wanted } = textsIn(lang).commands;
  if (wish === 'stop') return wanted.stoppedNow(id, ended);
  if (after?.isScheduled === true && after.nextStart !== null) return wanted.waits(id, after.nextStart);
  return queuedTaskId === null ? wanted.runsAlready(id) : wanted.queued(id, queuedTaskId);
}
