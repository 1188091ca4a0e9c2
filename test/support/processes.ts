import { fileURLToPath } from 'node:url';
import { Child, type ChildOptions, type ExitResult } from './child.js';
import { temporaryFolder } from './temporary-folder.js';

export type { ExitResult } from './child.js';

/** The project's root folder. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

export interface CommandOptions {
  /** Added to a surrounding without any setting of chainparse's; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The working folder; an empty one of its own where none is given. */
  readonly cwd?: string;
  /** Text for standard input. */
  readonly input?: string;
}

/** Starts `chainparse …args` as a process of its own, which is killed after the last test if it still runs. */
export function startChainparse(args: readonly string[], options: CommandOptions = {}): Child {
  const child = new Child(process.execPath, [...program(), ...args], placeOf(options));
  child.input(options.input ?? '');
  return child;
}

/** Python has pseudo terminals, and Node has not. Shows what is written there, and closes it when told to by `input`. */
const terminal = `
import os, pty, select, sys
pid, master = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
while 0 not in (ready := select.select([0, master], [], [])[0]): os.write(1, os.read(master, 4096))
os.close(master)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) % 256)
`;

/** Starts `chainparse …args` on a terminal of its own, by Python; the terminal closes with the child's input. */
export function startOnTerminal(args: readonly string[], options: Omit<CommandOptions, 'input'> = {}): Child {
  return new Child('python3', ['-c', terminal, process.execPath, ...program(), ...args], placeOf(options));
}

function placeOf({ cwd, env }: CommandOptions): ChildOptions {
  return { cwd: cwd ?? temporaryFolder(), env: { ...bareEnvironment(), ...env } };
}

/** Runs `chainparse …args` to its end. */
export async function runChainparse(
  args: readonly string[],
  options: CommandOptions & { readonly timeoutMs?: number } = {},
): Promise<ExitResult> {
  return await startChainparse(args, options).exit(options.timeoutMs ?? 30_000);
}

/**
 * Says whether started commands run from `src` and not from the build: so that coverage counts them, or on demand.
 * They are slower to start then.
 */
export const runsFromSource =
  process.env['NODE_V8_COVERAGE'] !== undefined || process.env['CHAINPARSE_TEST_FROM_SOURCE'] === '1';

function program(): string[] {
  if (!runsFromSource) return [`${projectRoot}/bin/chainparse.js`];
  return ['--import', import.meta.resolve('tsx'), `${projectRoot}/test/support/chainparse-from-source.ts`];
}

/** The tests' environment without what would set chainparse up or change how it prints. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const isSetting =
    /^(CHAINPARSE_|MYSQL_|LOG_LEVEL$|LANG$|LC_|LANGUAGE$|NO_COLOR$|FORCE_COLOR$|NODE_OPTIONS$)|_RPC_URL$/;
  const kept = Object.entries(process.env).filter(([name]) => !isSetting.test(name));
  return { ...Object.fromEntries(kept), NO_COLOR: '1' };
}
