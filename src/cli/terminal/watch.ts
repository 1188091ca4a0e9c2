import { DatabaseUnreachableError } from '../../runtime/errors.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import type { CommandContext } from '../context.js';

/** How long what was shown stands, in milliseconds. */
const periodMs = 2_000;

const clearScreen = '\u001b[2J\u001b[H';

/**
 * Reads and prints something every two seconds, on a terminal each time in the place of the last, until the command is
 * asked to stop. A database that goes away in between is told of, and asked again.
 */
export async function watch<T>(
  context: CommandContext,
  read: () => Promise<T>,
  print: (value: T) => Promise<void>,
): Promise<void> {
  const { output, clock, signals } = context;
  const { stopping } = signals;
  const show = async (turn: number): Promise<void> => {
    const value = turn === 0 ? await read() : await readAgain(context, read);
    if (value === undefined || stopping.aborted) return;
    if (output.isTerminal && !output.isJson) await output.write(clearScreen);
    await print(value);
  };
  for (let turn = 0; !stopping.aborted; turn++) {
    // Neither a server that is frozen nor a reader that does not read holds it up.
    await untilAborted(show(turn), stopping);
    await clock.sleep(periodMs, stopping).catch(() => undefined);
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
