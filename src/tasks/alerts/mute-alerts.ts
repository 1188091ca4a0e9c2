import type { Database } from '../../database/database.js';
import { AlertStore } from '../../database/operations/alert-store.js';
import { MuteStore } from '../../database/operations/mute-store.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import type { AlertMute, MuteScope } from '../../model/alert-mute.js';
import { UsageError } from '../../runtime/errors.js';

/** Which alerts are meant: one, or those of a rule, of a pipeline, or of both. */
export interface MuteTarget {
  readonly alertId?: number | undefined;
  readonly rule?: string | undefined;
  readonly pipelineId?: number | undefined;
}

/** Mutes alerts for so many seconds; throws UsageError where it is not said which, NotFoundError where there is none. */
export async function muteAlerts(
  database: Database,
  target: MuteTarget,
  { seconds, createdBy }: { readonly seconds: number; readonly createdBy: string | null },
): Promise<AlertMute> {
  if (target.pipelineId !== undefined) await new PipelineStore(database).get(target.pipelineId);
  return new MuteStore(database).add({ ...(await scopeOf(database, target)), seconds, createdBy });
}

/** Ends mutes, all where no target is given; returns how many. Throws as `muteAlerts`. */
export async function unmuteAlerts(database: Database, target: MuteTarget | null): Promise<number> {
  return new MuteStore(database).end(target === null ? null : await scopeOf(database, target));
}

async function scopeOf(database: Database, { alertId, rule, pipelineId }: MuteTarget): Promise<MuteScope> {
  const isWide = rule !== undefined || pipelineId !== undefined;
  if ((alertId !== undefined) === isWide) {
    const hint = 'chainparse alerts mute 12 --for 2h, or --pipeline 45, or --rule lag';
    throw new UsageError('give the id of an alert, or a rule, a pipeline or both', { hint });
  }
  if (alertId === undefined) return { rule: rule ?? null, subject: null, pipelineId: pipelineId ?? null };
  const alert = await new AlertStore(database).get(alertId);
  return { rule: alert.rule, subject: alert.subject, pipelineId: null };
}
