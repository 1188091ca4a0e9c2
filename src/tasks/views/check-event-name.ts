import { findSource } from '../../components/source-of.js';
import type { Database } from '../../database/database.js';
import { EventStore } from '../../database/events/event-store.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { near } from '../../runtime/nearest.js';
import { UsageError } from '../../runtime/errors.js';

/**
 * Throws UsageError, with the name that may be meant, where a pipeline has no event of that name or signature: neither do its ABIs
 * know it, nor is one stored from a time when they did.
 */
export async function checkEventName(database: Database, pipelineId: number, event: string): Promise<void> {
  const signatures = findSource(await new PipelineStore(database).get(pipelineId))?.events() ?? [];
  const names = signatures.map((signature) => signature.slice(0, signature.indexOf('(')));
  if (signatures.length === 0 || signatures.includes(event) || names.includes(event)) return;
  const stored = await new EventStore(database).part({ pipelineId, event }, { descending: true, limit: 1 });
  if (stored.length > 0) return;
  const suggestion = near(event, event.includes('(') ? signatures : [...new Set(names)]);
  throw new UsageError(`pipeline ${pipelineId} has no event '${event}'`, {
    hint: suggestion === undefined ? undefined : `did you mean '${suggestion}'?`,
  });
}
