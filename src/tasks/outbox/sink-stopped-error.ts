import { ChainparseError } from '../../runtime/errors.js';

/** What a sink's receiver holds does not fit what is stored here: only a person can say what shall be. */
export class SinkStoppedError extends ChainparseError {
  readonly code = 'SINK_STOPPED';
  readonly exitCode = 1;

  constructor(pipelineId: number, sink: string, message: string) {
    super(message, { hint: `chainparse sink replay ${pipelineId} ${sink} --from-block N` });
  }
}
