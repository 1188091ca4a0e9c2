import type { Database } from '../../database/database.js';
import { requireMigrated } from '../../database/schema/migrator.js';
import { DatabaseUnreachableError, DatabaseUnusableError, SchemaNewerError } from '../../runtime/errors.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandContext } from '../context/context.js';
import { version } from '../context/version.js';
import type { CommandBody } from '../command-line/command.js';

export const command: CommandBody = {
  options: [{ flags: '--insecure', description: 'let anybody on the network change everything, without a token' }],
  settings: ['api.host', 'api.port', 'api.older_clients'],
  stopsGracefully: true,
  action: serve,
};

interface ServeOptions {
  readonly insecure?: boolean;
}

/** A database that has not answered for so long counts as away, in milliseconds. */
const statementTimeoutMs = 15_000;

/** How often the database is looked at while nobody asks, in milliseconds. */
const lookEveryMs = 5_000;

/** Serves the HTTP API until the command is asked to stop. */
async function serve(context: CommandContext, { insecure = false }: ServeOptions): Promise<void> {
  const { settings, output, signals } = context;
  const { refuseOpenNetwork, startApi } = await import('../../api/server/start-api.js');
  refuseOpenNetwork(settings.api, insecure);
  const database = await context.database({ statementTimeoutMs, poolSize: 8 });
  await requireMigrated(database);
  const { clock, logger, secrets, cwd } = context;
  const ended = new AbortController();
  const stopping = AbortSignal.any([signals.stopping, ended.signal]);
  const api = await startApi({ database, settings, clock, logger, secrets, cwd, version: version(), stopping });
  try {
    await (output.isJson ? output.json({ url: api.url }) : output.line(api.url));
    await untilAborted(watchDatabase(database, context), stopping);
  } finally {
    ended.abort(new Error('the API has ended'));
    await api.close();
  }
}

/**
 * Rejects with DatabaseUnusableError once the database is no longer the one that was opened. One that is away comes back,
 * and what a newer version has made does not keep this one from serving what it knows.
 */
async function watchDatabase(database: Database, context: CommandContext): Promise<void> {
  const { settings, clock, service, signals } = context;
  const { stopping } = signals;
  const texts = textsIn(settings.lang).services;
  service.turned(texts.serve(false));
  while (!stopping.aborted) {
    await clock.sleep(lookEveryMs, stopping).catch(() => undefined);
    try {
      await requireMigrated(database);
      service.turned(texts.serve(false));
    } catch (error) {
      if (error instanceof DatabaseUnusableError && !(error instanceof SchemaNewerError)) throw error;
      service.turned(texts.serve(error instanceof DatabaseUnreachableError));
    }
  }
}
