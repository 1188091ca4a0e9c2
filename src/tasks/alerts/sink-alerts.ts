import type { AlertStore } from '../../database/operations/alert-store.js';
import type { AlertCondition } from '../../model/alert.js';
import { alertKey } from '../../model/alert.js';
import type { AlertSettings } from '../../settings/settings.js';
import type { SinkView } from '../views/sink-view.js';
import { sinkBehind, sinkDeadLetters, subjectOfSink } from './alert-conditions.js';
import type { AlertDesk } from './alert-desk.js';
import { isStopped } from './pipeline-verdict.js';
import type { FleetFacts } from './read-pipeline-facts.js';
import { isWatched } from './watched-rules.js';

export interface SinkAlertsOptions {
  readonly desk: Pick<AlertDesk, 'raise' | 'clear' | 'forgetOthers'>;
  readonly store: Pick<AlertStore, 'list'>;
  readonly rules: AlertSettings;
  readonly listSinks: () => Promise<readonly SinkView[]>;
  readonly pipelines: FleetFacts['pipelines'];
}

/** Alerts that are looked at. */
const mostAlerts = 1_000;

const judged: readonly ['sink_behind', 'sink_dead_letters'] = ['sink_behind', 'sink_dead_letters'];

/**
 * The rules of sinks, by what the database says of them: whoever judges raises what is wrong with any of them, and clears what
 * is over, whoever had raised it. Throws what the database throws.
 */
export async function judgeSinks({ desk, store, rules, listSinks, pipelines }: SinkAlertsOptions): Promise<void> {
  const sinks = await listSinks();
  const stuck = stuckSinks(sinks, rules.sinkBehindMinutes);
  const stopped = new Set(pipelines.filter(isStopped).map(({ id }) => id));
  const behind = stuck.filter(({ pipelineId }) => !stopped.has(pipelineId)).map(sinkBehind);
  const found = [...behind, ...(rules.sinkDeadLetters ? deadLetters(sinks) : [])];
  const keys = new Set(found.map(alertKey));
  for (const condition of found) desk.raise(condition);
  const { alerts } = await store.list({ all: false, limit: mostAlerts });
  desk.forgetOthers(new Set(judged), new Set([...found, ...alerts].map(alertKey)));
  const over = (rule: (typeof judged)[number], subject: string): string => {
    const sink = sinks.find((each) => subjectOfSink(each) === subject);
    if (sink === undefined) return 'is no longer a sink of it';
    if (rule === 'sink_dead_letters') return 'has no dead letters any more';
    if (stopped.has(sink.pipelineId) && sink.state === 'failing')
      return 'is to deliver nothing: its pipeline is stopped';
    return sink.state === 'paused' ? 'is paused' : 'delivers again';
  };
  for (const alert of alerts) {
    const key = alertKey(alert);
    const isJudged = judged.find((each) => each === alert.rule);
    // What is not watched any more is cleared with what other rules have left.
    if (isJudged === undefined || keys.has(key) || !isWatched(isJudged, rules)) continue;
    desk.clear(key, `${alert.subject} ${over(isJudged, alert.subject)}`);
  }
}

/** Sinks that can't deliver for so long. */
function stuckSinks(sinks: readonly SinkView[], minutes: number | null): readonly SinkView[] {
  if (minutes === null) return [];
  return sinks.filter(({ state, failingSeconds }) => state === 'failing' && (failingSeconds ?? 0) >= minutes * 60);
}

function deadLetters(sinks: readonly SinkView[]): readonly AlertCondition[] {
  return sinks.filter((sink) => sink.deadLetters > 0).map(sinkDeadLetters);
}
