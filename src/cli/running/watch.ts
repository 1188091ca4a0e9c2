import { DatabaseUnreachableError } from '../../runtime/errors.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import type { CommandContext } from '../context/context.js';

/** How long what was shown stands, in milliseconds. */
const periodMs = 2_000;

const clearScreen = '\u001b[2J\u001b[H';

/**
 * Reads and prints something every two seconds, on a terminal each time in the place of the last, until the command is
 * asked to stop, or `q` is typed. A database that goes away in between is told of, and asked again.
 */
export async function watch<T>(
  context: CommandContext,
  read: () => Promise<T>,
  print: (value: T) => Promise<void>,
): Promise<void> {
  const { output, clock, signals } = context;
  const { isScreen } = output;
  const quitKey = isScreen ? context.quitKey() : undefined;
  const stopping = quitKey === undefined ? signals.stopping : AbortSignal.any([signals.stopping, quitKey.pressed]);
  const show = async (turn: number): Promise<void> => {
    const value = turn === 0 ? await read() : await readAgain(context, read);
    if (value === undefined || stopping.aborted) return;
    if (isScreen) await output.write(clearScreen);
    await print(value);
  };
  try {
    for (let turn = 0; !stopping.aborted; turn++) {
      // Neither a server that is frozen nor a reader that does not read holds it up.
      await untilAborted(show(turn), stopping);
      await clock.sleep(periodMs, stopping).catch(() => undefined);
    }
  } finally {
    quitKey?.release();
  }
}

async function readAgain<T>({ logger }: CommandContext, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof DatabaseUnreachableError)) throw error;
    logger.log('warn', error.message);
    return undefined;
  }
}
