import { Chains } from '../../chain/chains.js';
import type { Database } from '../../database/database.js';
import { EndpointStore } from '../../database/operations/endpoint-store.js';
import { reportEndpoints } from '../../tasks/run/endpoint-reports.js';
import type { CommandContext } from '../context.js';
import { thisProcess } from '../this-process.js';
import type { LivenessWatch } from './watch-liveness.js';

/** Makes the chains of a process that runs tasks: metrics count their requests, the database hears how their endpoints are. */
export function openChains(
  { clock, secrets, settings }: CommandContext,
  database: Database,
  { observeChain }: LivenessWatch,
): Chains {
  const watchEndpoints = reportEndpoints({
    ...{ store: new EndpointStore(database), worker: thisProcess().name, clock },
    mask: (text) => secrets.mask(text),
  });
  return new Chains({ clock, observe: observeChain, watchEndpoints, doubtMs: settings.doubtSeconds * 1_000 });
}
