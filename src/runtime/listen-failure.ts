import { RuntimeFailure } from './errors.js';

/** Returns why a server can't listen at a place, and what to do with its flags, which begin alike; another error as it is. */
export function listenFailure(error: unknown, place: string, flags: string, whenTaken: string): unknown {
  const reasons: Readonly<Record<string, readonly [what: string, hint: string]>> = {
    EADDRINUSE: ['is taken by another process', whenTaken],
    EACCES: ['is not allowed to this user', `give a ${flags}port above 1023`],
    EADDRNOTAVAIL: ['is no address of this computer', `give another ${flags}host`],
    ENOTFOUND: ['is no known host', `give another ${flags}host`],
  };
  const reason = reasons[(error as NodeJS.ErrnoException).code ?? ''];
  if (reason === undefined) return error;
  return new RuntimeFailure(`${place} ${reason[0]}`, { hint: reason[1], cause: error });
}
