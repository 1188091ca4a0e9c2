import type { CommandSpec } from './command-spec.js';
import { abiSpecs } from '../specs/abi-specs.js';
import { alertSpecs } from '../specs/alert-specs.js';
import { demoSpecs } from '../specs/demo-specs.js';
import { eventSpecs } from '../specs/event-specs.js';
import { heartbeatSpecs } from '../specs/heartbeat-specs.js';
import { monitorSpecs } from '../specs/monitor-specs.js';
import { pipelineSpecs } from '../specs/pipeline-specs.js';
import { runSpecs } from '../specs/run-specs.js';
import { serveSpecs } from '../specs/serve-specs.js';
import { workerSpecs } from '../specs/worker-specs.js';
import { shellSpecs } from '../specs/shell-specs.js';
import { statusSpecs } from '../specs/status-specs.js';
import { taskSpecs } from '../specs/task-specs.js';
import { verifySpecs } from '../specs/verify-specs.js';

/**
 * Every command of `chainparse`, in the order of `--help`. To add one, write its row into a file of `specs/` (types
 * only, and `load` with a lazy import: `--help` must load nothing else) and name that list here.
 */
export const commandTable: readonly CommandSpec[] = [
  ...runSpecs,
  ...monitorSpecs,
  ...serveSpecs,
  ...workerSpecs,
  ...pipelineSpecs,
  ...abiSpecs,
  ...statusSpecs,
  ...taskSpecs,
  ...heartbeatSpecs,
  ...alertSpecs,
  ...eventSpecs,
  ...verifySpecs,
  ...demoSpecs,
  ...shellSpecs,
];
