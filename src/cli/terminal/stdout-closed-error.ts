import { errorClass, messageOf } from '../../runtime/errors.js';

/** Nobody reads stdout any more, or it can't take more: `hasReaderLeft` tells `| head` and a closed terminal from a full disk. */
export class StdoutClosedError extends errorClass('OUTPUT', 1) {
  readonly hasReaderLeft: boolean;

  constructor(cause: Error, isTerminal: boolean) {
    super(`the output can't be written: ${messageOf(cause)}`, { cause });
    const { code } = cause as NodeJS.ErrnoException;
    this.hasReaderLeft = code === 'EPIPE' || (isTerminal && code === 'EIO');
  }
}
