import type { Migration } from './schema.js';
import { pipelines } from './0001-pipelines.js';
import { tasks } from './0002-tasks.js';
import { events } from './0003-events.js';
import { monitors } from './0004-monitors.js';
import { alerts } from './0005-alerts.js';
import { api } from './0006-api.js';
import { reorgs } from './0007-reorgs.js';
import { taskPage } from './0008-task-page.js';
import { rpcEndpoints } from './0009-rpc-endpoints.js';
import { installation } from './0010-installation.js';
import { namesAndWorkers } from './0011-names-and-workers.js';
import { journal } from './0012-journal.js';
import { parked } from './0013-parked.js';
import { sinks } from './0014-sinks.js';
import { callResults } from './0015-call-results.js';
import { sinkFiles } from './0016-sink-files.js';
import { factoryChildren } from './0017-factory-children.js';
import { wanted } from './0018-wanted.js';
import { schedules } from './0019-schedules.js';
import { alertsThatStand } from './0020-alerts-that-stand.js';
import { shards } from './0021-shards.js';
import { toldEvents } from './0022-told-events.js';
import { endpointsOfProcesses } from './0023-endpoints-of-processes.js';
import { origins } from './0024-origins.js';

/** Every migration, oldest first. */
export const migrations: readonly Migration[] = [
  pipelines,
  tasks,
  events,
  monitors,
  alerts,
  api,
  reorgs,
  taskPage,
  rpcEndpoints,
  installation,
  namesAndWorkers,
  journal,
  parked,
  sinks,
  callResults,
  sinkFiles,
  factoryChildren,
  wanted,
  schedules,
  alertsThatStand,
  shards,
  toldEvents,
  endpointsOfProcesses,
  origins,
];
