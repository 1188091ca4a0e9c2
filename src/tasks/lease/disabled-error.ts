import { ConflictError } from '../../runtime/errors.js';

/** Returns the refusal to run a pipeline that a person has disabled: nothing is wrong with what was asked, but now is not the time. */
export function disabledError(pipelineId: number): ConflictError {
  return new ConflictError(`pipeline ${pipelineId} is disabled`, { hint: `chainparse pipeline enable ${pipelineId}` });
}
