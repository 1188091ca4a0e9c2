import { ChainparseError } from '../../runtime/errors.js';

/** What a sink's receiver holds does not fit what is stored here: only a person can say what shall be. */
export class SinkStoppedError extends ChainparseError {
  readonly code = 'SINK_STOPPED';
  readonly exitCode = 1;

  /** `keepsRows`: what is sent again to its receiver replaces rows, and leaves those alone of which nothing is told any more. */
  constructor(pipelineId: number, sink: string, message: string, keepsRows: boolean) {
    const first = keepsRows
      ? 'delete the rows of blocks from N on, some of which may have been taken back, then: '
      : '';
    super(message, { hint: `${first}chainparse sink replay ${pipelineId} ${sink} --from-block N` });
  }
}
