import { hostname } from 'node:os';

/** Says whether a worker's name, HOST:PID, is that of a process of this host. */
export function isOfThisHost(worker: string): boolean {
  return worker.slice(0, worker.lastIndexOf(':')) === hostname();
}
