import type { ClaimRequest } from '../../src/database/tasks/claim-steps.js';

/** Returns a claim of a pipeline that nobody holds; `changes` beats what is there. */
export function claimRequest(changes: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    pipelineId: 45,
    holder: null,
    replaces: null,
    worker: 'here:1',
    workerIdentity: 'first',
    heartbeatIntervalSeconds: 30,
    timeoutMinutes: null,
    logPathPrefix: 'logs/pipeline_',
    ...changes,
  };
}
