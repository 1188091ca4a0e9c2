import { ChainparseError, messageOf } from '../../runtime/errors.js';

/** Nobody reads stdout any more, or it can't take more: `isPipe` tells a reader that left (`| head`) from a full disk. */
export class StdoutClosedError extends ChainparseError {
  readonly code: string = 'OUTPUT';
  readonly exitCode = 1;
  readonly isPipe: boolean;

  constructor(cause: Error) {
    super(`the output can't be written: ${messageOf(cause)}`, { cause });
    this.isPipe = (cause as NodeJS.ErrnoException).code === 'EPIPE';
  }
}
