import { alertToJson } from '../../model/alert-json.js';
import { monitorToJson } from '../../model/monitor.js';
import { endpointToJson } from '../../model/rpc-endpoint.js';
import { taskToJson } from '../../model/task-json.js';
import { heartbeatAge, isSilent, knownSilence, lagBlocks, taskStatus } from '../../model/task.js';
import { wantedToJson } from '../../model/wanted.js';
import { waitingText } from '../../model/waiting.js';
import { workerState, workerToJson } from '../../model/worker.js';
import type { HeadContact } from '../views/head-contact.js';
import { sinkToJson } from '../views/sink-view.js';
import type { EventRates } from '../views/event-rates.js';
import { aliveMonitors, type PipelineStatus, type SystemStatus } from './system-status.js';

interface JsonOptions {
  readonly rates: EventRates;
  readonly contact: HeadContact;
  readonly timeoutMinutes: number;
  readonly defaultIntervalSeconds: number;
  /** The database's. */
  readonly timeZone: string;
  /** The address of the page; null: none is set. */
  readonly pageUrl: string | null;
}

/** Returns the status as `chainparse status --json` has it. */
export function systemStatusToJson(status: SystemStatus, options: JsonOptions): object {
  const { late } = status;
  return {
    pipelines: status.pipelines.map((pipeline) => pipelineToJson(pipeline, options)),
    running: status.running.map((task) => ({
      ...taskToJson(task, options),
      silent_seconds: knownSilence(task),
      silent: isSilent(task, options.defaultIntervalSeconds),
      lag_unknown_since: options.contact.unknownSince(task.id),
      events_per_second: rounded(options.rates.of(task.id)),
    })),
    pipelines_down: status.down.length,
    running_total: late.running,
    silent_total: status.silence.silent,
    silence_unknown_total: status.silence.unknown,
    queued_total: status.queued,
    ended_in_hour: late.ended,
    timed_out_in_hour: late.timedOut,
    alerts: status.alerts.map((alert) => alertToJson(alert, options.pageUrl)),
    alerts_total: status.openAlerts,
    monitors: aliveMonitors(status).map(monitorToJson),
    workers: status.workers.filter((worker) => workerState(worker) === 'alive').map(workerToJson),
    sinks: status.sinks.map(sinkToJson),
    endpoints: status.endpoints.map(endpointToJson),
    time_zone: options.timeZone,
  };
}

function pipelineToJson({ id, name, state, task, wanted, nextBlock }: PipelineStatus, options: JsonOptions): object {
  const { rates, contact } = options;
  const unknownSince = task === null ? null : contact.unknownSince(task.id);
  const waiting = task?.waiting ?? null;
  const progress = task?.progress ?? null;
  const isRunning = task?.status === taskStatus.running;
  return {
    pipeline_id: id,
    name,
    state,
    task_id: task?.id ?? null,
    end_reason: task?.endReason ?? null,
    wanted: wantedToJson(wanted),
    waiting_for: waiting === null ? null : waitingText(waiting, 'en'),
    mode: progress?.mode ?? null,
    next_block: nextBlock,
    lag_blocks: progress === null || !isRunning || unknownSince !== null ? null : lagBlocks(progress),
    lag_unknown_since: unknownSince,
    events: progress?.events ?? null,
    events_per_second: task === null ? null : rounded(rates.of(task.id)),
    heartbeat_age_seconds: heartbeatAge(task),
  };
}

function rounded(rate: number | null): number | null {
  return rate === null ? null : Math.round(rate * 10) / 10;
}
