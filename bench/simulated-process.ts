// A program of its own: the tasks of some worker processes, with the heartbeats that real runs have, in one process.
import { setMaxListeners } from 'node:events';
import process from 'node:process';
import { openDatabase } from '../src/database/open/open-database.js';
import { TaskStore } from '../src/database/tasks/task-store.js';
import { systemClock } from '../src/runtime/clock.js';
import { silentLogger } from '../src/runtime/logger.js';
import { BeatRounds } from '../src/tasks/run/beat-rounds.js';
import { Heartbeat } from '../src/tasks/run/heartbeat.js';
import type { LivenessEvent } from '../src/model/liveness-event.js';
import type { SimulatedProcessStats, SimulatedWork } from './simulated-processes.js';

const work = JSON.parse(process.argv[2] ?? '') as SimulatedWork;
const stats: SimulatedProcessStats = { landed: 0, failed: 0, refused: 0, statements: 0, shortestGapMs: Infinity };
const end = new AbortController();
setMaxListeners(0, end.signal);

function observe(event: LivenessEvent): void {
  if (event.kind === 'beat_landed') stats.landed++;
  else if (event.kind === 'beat_failed') stats.failed++;
  else if (event.kind === 'beat_refused') stats.refused++;
}

/** Moves a task as one that polls a chain: again and again, with new progress each time. */
async function live(heartbeat: Heartbeat): Promise<void> {
  void heartbeat.tick(end.signal);
  await systemClock.sleep(Math.random() * work.moveEveryMs, end.signal);
  for (let block = 1; ; block++) {
    const progress = {
      mode: 'realtime',
      nextBlock: block,
      targetBlock: null,
      headBlock: block,
      events: block,
    } as const;
    await heartbeat.moved(progress, end.signal);
    await systemClock.sleep(work.moveEveryMs, end.signal);
  }
}

async function liveTogether(taskIds: readonly number[]): Promise<void> {
  const intervalMs = work.heartbeatIntervalSeconds * 1_000;
  const timeouts = { statementTimeoutMs: work.statementTimeoutMs, beatTimeoutMs: work.beatTimeoutMs };
  const database = await openDatabase(work.url, { ...timeouts, poolSize: 1 });
  const rounds = new BeatRounds({ tasks: counted(new TaskStore(database)), clock: systemClock });
  const common = { rounds, clock: systemClock, intervalMs, logger: silentLogger, lang: 'en', observe } as const;
  const lives = taskIds.map((taskId) =>
    live(new Heartbeat({ ...common, taskId, pipelineId: taskId, stallAfterMs: work.stallAfterMs })),
  );
  await Promise.allSettled(lives);
  await database.close();
}

/** Counts the statements of a worker process. The second beat comes early by design, and is not measured. */
function counted(tasks: TaskStore): Pick<TaskStore, 'renew' | 'listEnded'> {
  const sentAt: number[] = [];
  const renew: TaskStore['renew'] = (beats) => {
    sentAt.push(systemClock.monotonic());
    const [now, before] = [sentAt.at(-1), sentAt.at(-2)];
    stats.statements++;
    if (sentAt.length > 3) stats.shortestGapMs = Math.min(stats.shortestGapMs, (now ?? 0) - (before ?? 0));
    return tasks.renew(beats);
  };
  return { renew, listEnded: (ids) => tasks.listEnded(ids) };
}

process.on('message', () => process.send?.(stats));
process.on('disconnect', () => end.abort(new Error('the benchmark is over')));
await Promise.all(work.processes.map(liveTogether));
