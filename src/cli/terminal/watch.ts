import { DatabaseUnreachableError } from '../../runtime/errors.js';
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
  for (let turn = 0; !signals.stopping.aborted; turn++) {
    const value = turn === 0 ? await read() : await readAgain(context, read);
    if (value !== undefined) {
      if (output.isTerminal && !output.isJson) await output.write(clearScreen);
      await print(value);
    }
    await clock.sleep(periodMs, signals.stopping).catch(() => undefined);
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
