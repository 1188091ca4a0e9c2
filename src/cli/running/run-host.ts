import { alertChannels } from './alert-channels.js';
import type { Database } from '../../database/database.js';
import type { RunHost } from '../../tasks/host/run-host.js';
import type { CommandContext } from '../context/context.js';
import { createProgressReporter } from '../progress/progress.js';
import { thisProcess } from '../context/this-process.js';
import { version } from '../context/version.js';

/** This process as tasks know it that run in it, or are judged by it. */
export function runHost(context: CommandContext, database: Database): RunHost {
  const { settings, shownSettings, clock, logger, secrets, cwd, statusLine, signals, variables } = context;
  const asked = shownSettings.some(({ name, origin }) => name === 'task_timeout' && origin.startsWith('flag'));
  return {
    ...{ database, settings, clock, logger, secrets, cwd },
    worker: thisProcess(),
    channels: alertChannels(context),
    version: version(),
    stopping: signals.stopping,
    variables: { env: variables, remember: (value) => secrets.remember(value) },
    timeoutMinutes: asked ? settings.taskTimeoutMinutes : null,
    showProgress: (taskId, log) =>
      createProgressReporter({ taskId, statusLine, lang: settings.lang, clock, logger: log }),
  };
}
