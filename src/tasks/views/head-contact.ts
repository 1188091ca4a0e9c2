import { isStale, type EndpointState, type RpcEndpoint } from '../../model/rpc-endpoint.js';
import { taskStatus, type Task } from '../../model/task.js';

/** Endpoints in these states tell nothing of the head. */
const mute: ReadonlySet<EndpointState> = new Set(['failing', 'resting', 'wrong_chain']);

/** Knows since when no endpoint of a running task answers: its head, and with it its lag, is unknown since then. */
export class HeadContact {
  #since: ReadonlyMap<number, string> = new Map();

  /** Takes the tasks and the endpoints' reports of one moment. */
  note(tasks: readonly Task[], endpoints: readonly RpcEndpoint[]): void {
    const since = new Map<number, string>();
    for (const { id, status, worker } of tasks) {
      const own = endpoints.filter((endpoint) => endpoint.worker === worker && !isStale(endpoint));
      if (status !== taskStatus.running || own.length === 0 || !own.every(({ state }) => mute.has(state))) continue;
      since.set(id, this.#since.get(id) ?? firstFailure(own));
    }
    this.#since = since;
  }

  /** Returns an instant in the database's time zone; null: the head is known. */
  unknownSince(taskId: number): string | null {
    return this.#since.get(taskId) ?? null;
  }
}

/** It may have been longer: reports tell the latest failures. */
function firstFailure(endpoints: readonly RpcEndpoint[]): string {
  const [first = ''] = endpoints.map(({ lastErrorTime, updateTime }) => lastErrorTime ?? updateTime).sort();
  return first;
}
