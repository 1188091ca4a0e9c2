import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Frees whatever nobody holds. */
export const collectGarbage = runInNewContext('gc') as () => void;

/** Returns how much more is held after some work than before it, in MB. */
export async function heldMoreAfter(work: () => Promise<void>): Promise<number> {
  const before = await heldBytes();
  await work();
  return ((await heldBytes()) - before) / 1e6;
}

/** What was held weakly is free only in another turn than the one that used it. */
async function heldBytes(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}
