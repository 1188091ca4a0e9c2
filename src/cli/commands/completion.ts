import { completionRows } from '../completion/completion-rows.js';
import { bashCompletion, fishCompletion, zshCompletion } from '../completion/completion-scripts.js';
import type { CommandContext } from '../context.js';
import type { CommandBody } from '../command-line/command.js';

export const command: CommandBody = {
  arguments: [{ name: 'shell', description: 'bash, zsh or fish', choices: ['bash', 'zsh', 'fish'] }],
  action: printCompletion,
};

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** Prints the completion script of a shell. */
async function printCompletion(
  { commands, output }: CommandContext,
  { shell }: { readonly shell: keyof typeof scripts },
): Promise<void> {
  await output.write(scripts[shell](completionRows(await commands())));
}
