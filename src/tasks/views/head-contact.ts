import { isMute, isStale, type RpcEndpoint } from '../../model/rpc-endpoint.js';
import { taskStatus, type Task } from '../../model/task.js';

/** Knows since when no endpoint of a running task answers: its head, and with it its lag, is unknown since then. */
export class HeadContact {
  #since: ReadonlyMap<number, string> = new Map();

  /** Takes the tasks and the endpoints' reports of one moment, and the chain ids of pipelines, as far as they are known. */
  note(
    tasks: readonly Task[],
    endpoints: readonly RpcEndpoint[],
    chains: ReadonlyMap<number, number> = new Map(),
  ): void {
    const since = new Map<number, string>();
    const byWorker = new Map<string, RpcEndpoint[]>();
    for (const endpoint of endpoints.filter((each) => !isStale(each))) {
      byWorker.set(endpoint.worker, [...(byWorker.get(endpoint.worker) ?? []), endpoint]);
    }
    for (const { id, status, worker, pipelineId } of tasks) {
      const chain = chains.get(pipelineId);
      const own = (byWorker.get(worker ?? '') ?? []).filter(({ chainId }) => chain === undefined || chainId === chain);
      if (status !== taskStatus.running || own.length === 0 || !own.every(({ state }) => isMute(state))) continue;
      since.set(id, this.#since.get(id) ?? lastSilence(own));
    }
    this.#since = since;
  }

  /** Returns an instant in the database's time zone; null: the head is known. */
  unknownSince(taskId: number): string | null {
    return this.#since.get(taskId) ?? null;
  }
}

/** When the last of them fell silent. Of what an older version reports the latest failures are known: it may have been longer. */
function lastSilence(endpoints: readonly RpcEndpoint[]): string {
  const since = endpoints.flatMap(({ muteSince }) => (muteSince === null ? [] : [muteSince])).sort();
  if (since.length === endpoints.length) return since.at(-1) ?? '';
  const [first = ''] = endpoints.map(({ lastErrorTime, updateTime }) => lastErrorTime ?? updateTime).sort();
  return first;
}
