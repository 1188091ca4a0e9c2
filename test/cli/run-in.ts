import { run } from '../../src/cli/main.js';
import { FakeIo } from './fake-io.js';

/** What a command did. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, in a working folder, to its end. */
export function runIn(cwd: string, ...argv: readonly string[]): Promise<CommandResult> {
  return runInPlace({ cwd }, argv);
}

/** Runs a command line in this process, in a working folder and an environment, to its end. */
export async function runInPlace(
  place: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
  argv: readonly string[],
): Promise<CommandResult> {
  const io = new FakeIo(place);
  const code = await run(argv, io);
  return { code, stdout: io.stdout.text, stderr: io.stderr.text };
}
