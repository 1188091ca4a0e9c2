import { completionRows } from '../completion/completion-rows.js';
import { bashCompletion, fishCompletion, zshCompletion } from '../completion/completion-scripts.js';
import type { CommandContext } from '../context.js';

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** Prints the completion script of a shell. */
export async function printCompletion(
  { commands, output }: CommandContext,
  { shell }: { readonly shell: keyof typeof scripts },
): Promise<void> {
  await output.write(scripts[shell](completionRows(commands)));
}
