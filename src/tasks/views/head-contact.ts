import { isMute, isPortal, isReportedBy, isStale, type RpcEndpoint } from '../../model/rpc-endpoint.js';
import { isSilent, taskStatus, type Task } from '../../model/task.js';

/**
 * Knows since when no endpoint of a running task answers, the task itself is silent, or what it commits does not land: its head,
 * and with it its lag, is unknown since then.
 */
export class HeadContact {
  readonly #defaultIntervalSeconds: number;
  #since: ReadonlyMap<number, string> = new Map();

  /** Tasks that name no heartbeat interval are judged by the default. */
  constructor(defaultIntervalSeconds: number) {
    this.#defaultIntervalSeconds = defaultIntervalSeconds;
  }

  /** Takes the tasks and the endpoints' reports of one moment, and the chain ids of pipelines, as far as they are known. */
  note(
    tasks: readonly Task[],
    endpoints: readonly RpcEndpoint[],
    chains: ReadonlyMap<number, number> = new Map(),
  ): void {
    const since = new Map<number, string>();
    // No head is known by a portal.
    const byWorker = new Map<string, RpcEndpoint[]>();
    for (const endpoint of endpoints.filter((each) => !isStale(each) && !isPortal(each))) {
      byWorker.set(endpoint.worker, [...(byWorker.get(endpoint.worker) ?? []), endpoint]);
    }
    for (const task of tasks) {
      const chain = chains.get(task.pipelineId);
      const reports = byWorker.get(task.worker ?? '') ?? [];
      const own = reports.filter((each) => (chain === undefined || each.chainId === chain) && isReportedBy(each, task));
      const start = this.#doubtedSince(task, own);
      if (start !== null) since.set(task.id, this.#since.get(task.id) ?? start);
    }
    this.#since = since;
  }

  #doubtedSince(task: Task, endpoints: readonly RpcEndpoint[]): string | null {
    if (task.status !== taskStatus.running) return null;
    const told = task.progress?.lagUnknownSince;
    if (told !== undefined) return told;
    if (endpoints.length > 0 && endpoints.every(({ state }) => isMute(state))) return lastSilence(endpoints);
    return isSilent(task, this.#defaultIntervalSeconds) ? (task.lastHeartbeat ?? task.createTime) : null;
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
