import { SinkStore } from '../../database/sinks/sink-store.js';
import type { Database } from '../../database/database.js';
import type { SinkStanding } from '../../model/sink.js';
import { ConflictError } from '../../runtime/errors.js';
import { mostReplays } from './message-of.js';
import { readPlace } from './place.js';

/** Tries of a request that others make at the same time. */
const attempts = 10;

/**
 * Has a sink get everything from a block on again; returns the replay's number. One that has not begun yet is widened. Throws
 * ConflictError where nothing was ever delivered, or no number is left.
 */
export async function requestReplay(
  database: Database,
  { pipelineId, name }: Pick<SinkStanding, 'pipelineId' | 'name'>,
  fromBlock: number,
): Promise<number> {
  const store = new SinkStore(database);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const row = (await store.list(pipelineId)).find((each) => each.name === name);
    const place = row?.place === null || row === undefined ? null : readPlace(row.place);
    if (row === undefined || place === null) {
      throw new ConflictError(`sink ${name} of pipeline ${pipelineId} has not begun: nothing is to be sent again`);
    }
    if (row.replay >= mostReplays) {
      throw new ConflictError(`sink ${name} has been sent things again ${mostReplays} times: no number is left`, {
        hint: 'give the sink another name: it then begins anew',
      });
    }
    const isWaiting = row.replay > place.pass.replay && row.replayFrom !== null;
    const from = isWaiting ? Math.min(row.replayFrom, fromBlock) : fromBlock;
    if (await store.requestReplay(row, from)) return row.replay + 1;
  }
  throw new ConflictError(`others ask for sink ${name} to be sent things again at the same time`);
}
