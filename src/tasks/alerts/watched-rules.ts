import type { AlertCondition, AlertRule } from '../../model/alert.js';
import type { AlertSettings } from '../../settings/settings.js';

type Watched = (rules: AlertSettings) => boolean;

const watched = {
  pipeline_down: (rules) => rules.pipelineDown,
  pipeline_stalled: tellsStalls,
  task_stalled: tellsStalls,
  rpc_unreachable: (rules) => rules.rpcUnreachableSeconds !== null,
  lag: (rules) => rules.lagMinutes !== null,
  sink_behind: (rules) => rules.sinkBehindMinutes !== null,
  sink_dead_letters: (rules) => rules.sinkDeadLetters,
  heartbeat_failing: (rules) => rules.heartbeatFailures !== null,
  timeout_rate: (rules) => rules.timeoutRate !== null,
  database_unreachable: (rules) => rules.databaseUnreachableSeconds !== null,
  no_monitor: (rules) => rules.noMonitor,
} satisfies Record<AlertRule, Watched>;

const byName: ReadonlyMap<string, Watched> = new Map(Object.entries(watched));

/** Says whether a rule is judged: what was raised by one that is switched off nobody would find over. One of a newer version is theirs. */
export function isWatched(rule: AlertRule, rules: AlertSettings): boolean {
  return byName.get(rule)?.(rules) ?? true;
}

/** Says how what a rule has raised that is switched off now is over. */
export function unwatchedEnding({ subject }: Pick<AlertCondition, 'subject'>): string {
  return `${subject} ${subject.endsWith('tasks') ? 'are' : 'is'} no longer watched: the rule is switched off`;
}

/** Earlier versions called it by the task. */
function tellsStalls({ pipelineStalled, taskStalled }: AlertSettings): boolean {
  return pipelineStalled && taskStalled;
}
