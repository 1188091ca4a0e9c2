import type { AlertStore } from '../../database/operations/alert-store.js';
import type { AlertCondition, AlertRule } from '../../model/alert.js';
import { alertKey } from '../../model/alert.js';
import type { AlertSettings } from '../../settings/settings.js';
import type { SinkView } from '../views/sink-view.js';
import { sinkBehind, sinkDeadLetters } from './alert-conditions.js';
import type { AlertDesk } from './alert-desk.js';

export interface SinkAlertsOptions {
  readonly desk: Pick<AlertDesk, 'raise' | 'clear' | 'forgetOthers'>;
  readonly store: Pick<AlertStore, 'list'>;
  readonly rules: Pick<AlertSettings, 'sinkBehindMinutes' | 'sinkDeadLetters'>;
  readonly listSinks: () => Promise<readonly SinkView[]>;
}

/** Alerts that are looked at. */
const mostAlerts = 1_000;

const judged: ReadonlySet<AlertRule> = new Set(['sink_behind', 'sink_dead_letters']);

/**
 * The rules of sinks, by what the database says of them: whoever judges raises what is wrong with any of them, and clears what
 * is over, whoever had raised it. Throws what the database throws.
 */
export async function judgeSinks({ desk, store, rules, listSinks }: SinkAlertsOptions): Promise<void> {
  const sinks = await listSinks();
  const found = [...behind(sinks, rules.sinkBehindMinutes), ...(rules.sinkDeadLetters ? deadLetters(sinks) : [])];
  const keys = new Set(found.map(alertKey));
  for (const condition of found) desk.raise(condition);
  const { alerts } = await store.list({ all: false, limit: mostAlerts });
  desk.forgetOthers(judged, new Set([...found, ...alerts].map(alertKey)));
  for (const { rule, subject } of alerts) {
    const key = alertKey({ rule, subject });
    if (!judged.has(rule) || keys.has(key)) continue;
    desk.clear(key, `${subject} ${rule === 'sink_behind' ? 'delivers again' : 'has no dead letters any more'}`);
  }
}

function behind(sinks: readonly SinkView[], minutes: number | null): readonly AlertCondition[] {
  if (minutes === null) return [];
  return sinks
    .filter(({ state, failingSeconds }) => state === 'failing' && (failingSeconds ?? 0) >= minutes * 60)
    .map(sinkBehind);
}

function deadLetters(sinks: readonly SinkView[]): readonly AlertCondition[] {
  return sinks.filter((sink) => sink.deadLetters > 0).map(sinkDeadLetters);
}
