import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../../runtime/clock.js';
import { AlertDeliveryError } from '../../runtime/errors.js';
import type { AlertChannel, AlertMessage } from '../../tasks/alerts/alert-message.js';
import { giveUpLater } from '../../runtime/give-up-later.js';
import { untilAborted } from '../../runtime/until-aborted.js';

export interface CommandChannelOptions {
  /** A program and its arguments; no shell reads them. */
  readonly command: readonly string[];
  /** How long it may take, in milliseconds; then it is killed, with all that it started. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs a program for each alert: the message is on its standard input, as JSON, and in variables. It is tried once. */
export class CommandChannel implements AlertChannel {
  readonly name = 'command';
  readonly #options: CommandChannelOptions;

  constructor(options: CommandChannelOptions) {
    this.#options = options;
  }

  async send(message: AlertMessage, signal: AbortSignal): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    const child = this.#start(message);
    const reason = (): Error => failure(`it was killed after ${timeoutMs / 1_000} s`);
    try {
      const limit = { clock, delayMs: timeoutMs, reason };
      await giveUpLater(limit, () => whenEnded(child, signal));
    } finally {
      killGroup(child);
    }
  }

  #start(message: AlertMessage): ChildProcess {
    const { command, cwd, env } = this.#options;
    const [program = '', ...args] = command;
    const passed = Object.fromEntries(passedVariables.map((name) => [name, env[name]]));
    const variables = { ...passed, ...variablesOf(message) };
    // A group of its own: what a terminal sends to this process is not meant for it, and all of it can be killed.
    const child: ChildProcess = spawn(program, args, {
      cwd,
      env: variables,
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    // A program need not read; and where this process has no descriptor left there is no pipe, and `error` comes.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(`${JSON.stringify(message)}\n`);
    return child;
  }
}

/** The variables of this process that the program gets. */
const passedVariables = ['PATH', 'HOME', 'LANG', 'TZ'];

/** Characters of a variable: no system starts a program with a very long one. */
const longestVariable = 30_000;

function variablesOf(message: AlertMessage): Record<string, string> {
  const variables = Object.entries(textsOf(message));
  // A row may hold anything, and no variable can hold a NUL.
  const fit = (text: string): string => text.slice(0, longestVariable).replaceAll('\0', '\u{fffd}');
  return Object.fromEntries(variables.map(([name, text]) => [name, fit(text)]));
}

function textsOf({ type, data }: AlertMessage): Record<string, string> {
  return {
    CHAINPARSE_ALERT_TYPE: type,
    CHAINPARSE_ALERT_STATE: data.state,
    CHAINPARSE_ALERT_RULE: data.rule,
    CHAINPARSE_ALERT_SUBJECT: data.subject,
    CHAINPARSE_ALERT_KEY: data.key,
    CHAINPARSE_ALERT_MESSAGE: data.message,
    CHAINPARSE_ALERT_ID: String(data.alert_id ?? ''),
    CHAINPARSE_ALERT_TASK_ID: String(data.task_id ?? ''),
    CHAINPARSE_ALERT_PIPELINE_ID: String(data.pipeline_id ?? ''),
  };
}

async function whenEnded(child: ChildProcess, signal: AbortSignal): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(failure(`it could not be started: ${error.message}`)));
    child.once('exit', (code, killer) => {
      if (code === 0) resolve();
      else reject(failure(killer === null ? `it ended with exit code ${String(code)}` : `it was ended by ${killer}`));
    });
  });
  if ((await untilAborted(ended, signal)) === null) signal.throwIfAborted();
}

/** Ends what the program has left behind, too. */
function killGroup({ pid, exitCode }: ChildProcess): void {
  if (pid === undefined || exitCode === 0) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

function failure(message: string): AlertDeliveryError {
  return new AlertDeliveryError(message, { retryable: false });
}
