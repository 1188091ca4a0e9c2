import { TaskStore } from '../../../src/database/tasks/task-store.js';
import { repairEvent } from './repair-event.js';
import type { PlannedFault } from './planned-fault.js';
import type { SimWorker } from './worker.js';
import type { World } from './world.js';

/** Lets a fault of the plan happen, now. */
export async function applyFault(
  world: World,
  workers: ReadonlyMap<string, SimWorker>,
  fault: PlannedFault,
): Promise<void> {
  world.trace(`fault: ${JSON.stringify(fault)}`);
  if (fault.kind === 'cancel') cancelNewest(world);
  else if (fault.kind === 'reopen') await reopen(world);
  else if (fault.kind === 'repair') await repairEvent(world);
  else if (fault.kind === 'hang') workers.get(fault.who)?.hang(fault.forMs);
  else if (fault.kind === 'terminate') workers.get(fault.who)?.terminate();
  else if ('who' in fault) applyToProcess(world, fault);
  else applyToServer(world, fault);
}

function applyToServer({ server }: World, fault: Exclude<PlannedFault, { who: string }>): void {
  if (fault.kind === 'clock jump') server.jumpClock(fault.byMs);
  if (fault.kind === 'freeze') server.freezeFor(fault.forMs);
  if (fault.kind === 'down') server.downFor(fault.forMs);
}

function applyToProcess(world: World, fault: Extract<PlannedFault, { who: string }>): void {
  const process = world.processes.get(fault.who);
  if (process === undefined) return;
  if (fault.kind === 'crash') process.crash();
  else if (fault.kind === 'wall jump') process.jumpWall(fault.byMs);
  else if (fault.kind === 'stopped' || fault.kind === 'asleep') process.suspendFor(fault.kind, fault.forMs);
  else if (fault.kind === 'silent' || fault.kind === 'refused') process.cutFor(fault.kind, fault.forMs);
}

/** A person cancels the newest task of pipeline 1, from a process of their own. */
function cancelNewest(world: World): void {
  const { engine, databases, network } = world;
  const timeouts = { statementTimeoutMs: 10_000, beatTimeoutMs: 10_000 };
  const tasks = new TaskStore(databases.open(engine, world.start('person', 0), network, timeouts));
  const cancel = async (): Promise<void> => {
    const newest = await tasks.getNewest(1);
    if (newest !== null) await tasks.cancel(newest.id);
  };
  // Where the server is away, the person sees an error and leaves it at that.
  cancel().catch(() => undefined);
}

/** An older program that shares the table sets a task that was taken over back to running. */
async function reopen(world: World): Promise<void> {
  const { engine, timeline } = world;
  const sql =
    "UPDATE pipeline_task SET status = 0, end_reason = NULL WHERE end_reason = 'taken_over' AND id = (SELECT MAX(t.id) FROM (SELECT id FROM pipeline_task WHERE end_reason = 'taken_over') AS t)";
  const steps = [{ sql, bindings: [] }];
  await engine.execute({ kind: 'script', steps }, { at: timeline.now, sender: 'older program', clockMs: 0, liveMs: 0 });
}
