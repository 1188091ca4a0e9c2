import type { Engine } from './engine.js';
import { applyFault } from './apply-fault.js';
import type { History } from './history.js';
import { readJournal } from './oracles/rows-at-versions.js';
import type { Plan } from './plan.js';
import type { ProcessDatabases } from './process-database.js';
import { startMonitor } from './sim-monitor.js';
import { SimWorker } from './worker.js';
import { World } from './world.js';
import type { Trace } from './world.js';

/** How many intervals a schedule may go on after its last fault; by then everything must have come to its end. */
const longestIntervals = 40;

/** Plays a schedule to its end and returns what happened. */
export async function playSchedule(
  plan: Plan,
  engine: Engine,
  databases: ProcessDatabases,
  trace: Trace | null,
): Promise<History> {
  databases.reset();
  await engine.begin(plan.timezone);
  const world = new World(plan, engine, databases, trace);
  const systemRandom = Math.random;
  // Backoff and jitter draw from it: a schedule must be the same when it is played again.
  Math.random = world.random;
  try {
    const isOver = set(world);
    await world.timeline.run(isOver);
  } finally {
    Math.random = systemRandom;
  }
  return history(world);
}

/** Puts everything on the timeline; returns how to know that the schedule is over. */
function set(world: World): () => boolean {
  const { plan, timeline } = world;
  const workers = new Map<string, SimWorker>();
  plan.starts.forEach((start, i) => {
    timeline.after(start.atMs, () => {
      const others = [...workers.values()];
      const worker = new SimWorker(world, start, `p${i + 1}`);
      workers.set(worker.process.name, worker);
      worker.begin(others);
    });
  });
  for (const monitor of plan.monitors) timeline.after(monitor.atMs, () => startMonitor(world, monitor));
  for (const fault of plan.faults) timeline.after(fault.atMs, () => applyFault(world, workers, fault));
  let isOver = false;
  timeline.after(plan.quietMs, () => {
    world.trace('quiet');
    heal(world);
    replaceMonitor(world);
    if (plan.isCutShort) for (const worker of workers.values()) worker.terminate();
    watch(world, () => (isOver = true));
  });
  return () => isOver;
}

/** From here on nothing goes wrong any more. */
function heal({ server, processes, ambush }: World): void {
  ambush.callOff();
  server.thaw();
  server.restart();
  for (const process of processes.values()) {
    process.link = 'whole';
    process.resume();
  }
}

/** Somebody starts another monitor where one has crashed. */
function replaceMonitor(world: World): void {
  const hasCrashed = [...world.monitors.keys()].some((name) => world.processes.get(name)?.hasCrashed === true);
  if (hasCrashed) startMonitor(world, { name: 'm9', atMs: world.timeline.now, skewMs: 0 });
}

/** Looks twice an interval whether everything has come to its end. */
function watch(world: World, end: () => void): void {
  const { plan, timeline } = world;
  const endAt = plan.quietMs + longestIntervals * plan.intervalMs;
  timeline.after(plan.intervalMs / 2, async () => {
    if (timeline.now > endAt || (await hasEnded(world))) end();
    else watch(world, end);
  });
}

async function hasEnded({ engine, runs, told, plan, timeline, processes, monitors }: World): Promise<boolean> {
  if (plan.starts.some(({ atMs }) => atMs > timeline.now)) return false;
  if (runs.some(({ process, settledAt }) => settledAt === Infinity && !process.hasCrashed)) return false;
  const [count] = await engine.ask(
    "SELECT COUNT(CASE WHEN status = 0 THEN 1 END) AS running, COUNT(CASE WHEN end_reason = 'timeout' THEN 1 END) AS timeouts FROM pipeline_task",
  );
  const isOneMute = [...monitors.keys()].some((name) => processes.get(name)?.hasCrashed === true);
  return Number(count?.['running']) === 0 && (isOneMute || Number(count?.['timeouts']) <= told.length);
}

async function history(world: World): Promise<History> {
  const { engine, timeline } = world;
  const rows = await engine.ask(
    'SELECT pipeline_id AS pipeline, block_number AS block, log_index AS log, LOWER(HEX(block_hash)) AS hash FROM event ORDER BY pipeline_id, block_number, log_index',
  );
  const { plan, chain, troubles, processes, runs, told, monitors, surprises } = world;
  return {
    plan,
    chain,
    troubles,
    processes,
    runs,
    told,
    monitors,
    surprises,
    ledger: await engine.ledger(),
    events: rows.map(
      ({ pipeline, block, log, hash }) => `${String(pipeline)}/${String(block)}:${String(log)}:${String(hash)}`,
    ),
    journal: await readJournal((sql) => engine.ask(sql)),
    endedAt: timeline.now,
  };
}
