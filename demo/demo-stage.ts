import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RuntimeFailure } from '../src/runtime/errors.js';
import type { CommandContext } from '../src/cli/context/context.js';
import { DemoProcess } from './demo-process.js';
import { Narrator } from './narrator.js';
import { Patience } from './patience.js';

/** Where the demo takes place: a temporary folder, and every process that works in it. */
export class DemoStage {
  readonly folder = mkdtempSync(join(tmpdir(), 'chainparse-demo-'));
  readonly narrator: Narrator;
  readonly patience: Patience;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #processes: DemoProcess[] = [];

  constructor({ output, clock, signals, env }: Pick<CommandContext, 'output' | 'clock' | 'signals' | 'env'>) {
    this.narrator = new Narrator(output);
    this.patience = new Patience(clock, signals.stopping);
    this.#env = { ...withoutSettings(env), CHAINPARSE_LANG: output.lang, NO_COLOR: '1' };
  }

  /** Starts a program in the folder. */
  start(program: string, args: readonly string[]): DemoProcess {
    const process = new DemoProcess(program, args, { cwd: this.folder, env: this.#env });
    this.#processes.push(process);
    return process;
  }

  /** Starts chainparse, this very program, in the folder; its database is `chainparse.db` there. */
  chainparse(...args: readonly string[]): DemoProcess {
    const [script = ''] = process.argv.slice(1);
    return this.start(process.execPath, [...process.execArgv, script, ...args]);
  }

  /** Runs a chainparse command to its end and returns what it printed; throws RuntimeFailure where it failed. */
  async result(...args: readonly string[]): Promise<string> {
    const command = this.chainparse(...args);
    const { code } = await command.ended;
    this.patience.signal.throwIfAborted();
    if (code === 0) return command.stdout;
    const lines = command.stderr.trim().split('\n');
    const told = (prefix: string): string | undefined =>
      lines.find((line) => line.startsWith(prefix))?.slice(prefix.length);
    const why = told('error: ') ?? lines.at(-1) ?? '';
    const what = `chainparse ${args.join(' ')} ended with exit code ${String(code)}`;
    throw new RuntimeFailure(`${what}: ${why}`, { hint: told('hint: ') });
  }

  /** Runs a command as `result` does, and shows it with what it printed. */
  async tell(...args: readonly string[]): Promise<string> {
    const printed = await this.result(...args);
    await this.narrator.show(`chainparse ${args.join(' ')}`, printed);
    return printed;
  }

  /** Ends every process at once, frozen ones too. Works in a process's `exit` event. */
  kill(): void {
    for (const process of this.#processes) process.signal('SIGKILL');
  }

  /** Ends every process and removes the folder. */
  async close(): Promise<void> {
    this.kill();
    await Promise.all(this.#processes.map(({ ended }) => ended));
    this.remove();
  }

  /** Removes the folder. A database's writer may still be putting its files away, so it tries more than once. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** The demo shows the defaults: nothing that sets chainparse up here reaches the processes that it starts. */
function withoutSettings(env: CommandContext['env']): CommandContext['env'] {
  const isSetting = /^(CHAINPARSE_|MYSQL_|LOG_LEVEL$|FORCE_COLOR$)|_RPC_URL$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isSetting.test(name)));
}
