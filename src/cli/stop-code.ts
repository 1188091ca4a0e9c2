import { messageOf } from '../runtime/errors.js';

/** Returns the exit code of a command that a signal cut short. */
export function stopCode(stopping: AbortSignal): 130 | 143 {
  return messageOf(stopping.reason).endsWith('SIGTERM') ? 143 : 130;
}
