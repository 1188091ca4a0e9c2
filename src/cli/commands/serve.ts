import { refuseOpenNetwork, startApi } from '../../api/start-api.js';
import { requireMigrated } from '../../database/schema/migrator.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import type { CommandContext } from '../context.js';
import { version } from '../version.js';

interface ServeOptions {
  readonly insecure?: boolean;
}

/** A database that has not answered for so long counts as away, in milliseconds. */
const statementTimeoutMs = 15_000;

/** Serves the HTTP API until the command is asked to stop. */
export async function serve(context: CommandContext, { insecure = false }: ServeOptions): Promise<void> {
  const { settings, output, signals } = context;
  refuseOpenNetwork(settings.api, insecure);
  const database = await context.database({ statementTimeoutMs, poolSize: 8 });
  await requireMigrated(database);
  const { clock, logger, secrets, cwd } = context;
  const { stopping } = signals;
  const api = await startApi({ database, settings, clock, logger, secrets, cwd, version: version(), stopping });
  try {
    await (output.isJson ? output.json({ url: api.url }) : output.line(api.url));
    await untilAborted(new Promise<never>(() => undefined), stopping);
  } finally {
    await api.close();
  }
}
