import { isMute, isStale, type RpcEndpoint } from '../../model/rpc-endpoint.js';
import { taskStatus, type Task } from '../../model/task.js';

/** Knows since when no endpoint of a running task answers: its head, and with it its lag, is unknown since then. */
export class HeadContact {
  #since: ReadonlyMap<number, string> = new Map();

  /** Takes the tasks and the endpoints' reports of one moment. */
  note(tasks: readonly Task[], endpoints: readonly RpcEndpoint[]): void {
    const since = new Map<number, string>();
    for (const { id, status, worker } of tasks) {
      const own = endpoints.filter((endpoint) => endpoint.worker === worker && !isStale(endpoint));
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

/** When the last of them fell silent. Of what an older version reports only the latest failures are known: it may have been longer. */
function lastSilence(endpoints: readonly RpcEndpoint[]): string {
  const since = endpoints.map(({ muteSince, lastErrorTime, updateTime }) => muteSince ?? lastErrorTime ?? updateTime);
  return since.sort().at(-1) ?? '';
}
