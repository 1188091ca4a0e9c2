/** Returns the address of a page of events. */
export function eventsPath(pipelineId, filter, { limit, cursor }) {
  const kept = Object.entries({ ...filter, limit, cursor }).filter(([, value]) => value !== '' && value !== null);
  return `/api/v1/pipeline/${pipelineId}/events?${new URLSearchParams(kept)}`;
}
