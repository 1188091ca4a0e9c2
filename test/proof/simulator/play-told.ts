import { createInterface } from 'node:readline';

/**
 * Plays what this program's arguments say; with `--told`, what each line of its input says, until that ends, and says what came of each.
 * `play` returns whether nothing was wrong.
 */
export async function playTold(play: (args: readonly string[]) => Promise<boolean>): Promise<void> {
  const args = process.argv.slice(2);
  if (args[0] !== '--told') {
    if (!(await play(args))) process.exitCode = 1;
    return;
  }
  let played = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === '') continue;
    const isRight = await play(line.split(' '));
    console.log(`played ${++played}: ${isRight ? 'right' : 'wrong'}`);
  }
}
