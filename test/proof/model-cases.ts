/** The files of docs/model. */
export type ModelName = 'lease' | 'timeout';

/** A scope in which a model is searched, whole. */
export interface ModelScope {
  readonly model: ModelName;
  readonly scope: string;
  readonly flags: readonly string[];
}

/** A guard of the protocol: what breaks without it, and the smallest scope in which that shows. */
export interface ModelGuard {
  readonly model: ModelName;
  readonly guard: string;
  readonly breaks: string;
  readonly flags: readonly string[];
}

const small = ['-DTASKS=2', '-DBLOCKS=1', '-DFAULTS=1', '-DMONITORS=1'];
const monitorSleeps = ['-DMONITORS_SLEEP', '-DLOSSES=0'];
const runSleeps = ['-DRUNS_SLEEP', '-DLOSSES=0'];
const nobodySleeps = ['-DSLEEPS=0', '-DLOSSES=0'];

/** The scopes in which no promise is broken. */
export const scopes: readonly ModelScope[] = [
  {
    model: 'lease',
    scope: 'two tasks, two batches, two faults',
    flags: ['-DTASKS=2', '-DBLOCKS=2', '-DFAULTS=2', '-DMONITORS=1'],
  },
  {
    model: 'lease',
    scope: 'three tasks',
    flags: ['-DTASKS=3', '-DBLOCKS=1', '-DFAULTS=1', '-DMONITORS=1'],
  },
  { model: 'lease', scope: 'two monitors', flags: ['-DTASKS=2', '-DBLOCKS=1', '-DFAULTS=1', '-DMONITORS=2'] },
  { model: 'lease', scope: 'a hand in the table', flags: ['-DHAND', ...small] },
  {
    model: 'timeout',
    scope: 'an outage, suspensions, a death',
    flags: ['-DBEAT=4', '-DRUNS_SLEEP', ...monitorSleeps],
  },
  { model: 'timeout', scope: 'a timeout of twelve intervals', flags: ['-DTIMEOUT=24', ...nobodySleeps] },
  { model: 'timeout', scope: 'three outages', flags: ['-DOUTAGES=3', ...nobodySleeps] },
  {
    model: 'timeout',
    scope: 'two suspensions and a lost statement',
    flags: ['-DOUTAGES=0', '-DSLEEPS=2', '-DRUNS_SLEEP', '-DMONITORS_SLEEP'],
  },
  { model: 'timeout', scope: 'a monitor that starts late', flags: ['-DSTARTS', ...monitorSleeps] },
  { model: 'timeout', scope: 'a timeout that is too short', flags: ['-DTIMEOUT=2', ...nobodySleeps] },
  { model: 'timeout', scope: 'two runs, one with a lock', flags: ['-DWORKERS=2', '-DOUTAGES=0', ...runSleeps] },
  { model: 'timeout', scope: 'two runs, two monitors', flags: ['-DWORKERS=2', '-DMONITORS=2', ...nobodySleeps] },
];

function leaseGuard(guard: string, breaks: string, flags = small): ModelGuard {
  return { model: 'lease', guard, breaks, flags };
}

function timeoutGuard(guard: string, breaks = 'live_failed', flags = monitorSleeps): ModelGuard {
  return { model: 'timeout', guard, breaks, flags };
}

/** Every guard of the models, and the promise that is broken without it. */
export const guards: readonly ModelGuard[] = [
  leaseGuard('NO_RENEW_STATUS', 'stale_beat'),
  leaseGuard('NO_COMMIT_RENEWAL', 'stale_commit'),
  leaseGuard('NO_COMMIT_TASK', 'stale_commit', ['-DHAND', ...small]),
  leaseGuard('NO_COMMIT_VERSION', 'torn_batch'),
  leaseGuard('NO_COMMIT_TRANSACTION', 'stale_commit'),
  leaseGuard('NO_COMMIT_LOOKUP', 'torn_batch'),
  leaseGuard('NO_CLAIM_HOLDER', 'two_leases', ['-DTASKS=2', '-DBLOCKS=1', '-DFAULTS=0', '-DMONITORS=0']),
  leaseGuard('NO_CLAIM_RUNNING', 'ended_twice'),
  leaseGuard('NO_CLAIM_SILENT', 'live_ended'),
  leaseGuard('NO_CLAIM_END', 'two_leases'),
  leaseGuard('NO_FINISH_RUNNING', 'ended_twice'),
  leaseGuard('NO_FINISH_LOOKUP', 'own_end_unknown'),
  leaseGuard('NO_CANCEL_OPEN', 'ended_twice'),
  leaseGuard('NO_TIMEOUT_STATUS', 'ended_twice'),
  leaseGuard('NO_TIMEOUT_SILENT', 'live_ended'),
  leaseGuard('NO_REASON', 'told_twice', ['-DTASKS=2', '-DBLOCKS=1', '-DFAULTS=1', '-DMONITORS=2']),
  timeoutGuard('NO_DEADLINE', 'live_failed', runSleeps),
  timeoutGuard('NO_REJUDGE', 'live_failed', runSleeps),
  timeoutGuard('NO_FLOOR', 'live_failed', ['-DTIMEOUT=2', ...nobodySleeps]),
  timeoutGuard('NO_CREATION', 'dead_forgotten'),
  timeoutGuard('NO_BACKOFF_BOUND'),
  timeoutGuard('NO_STALL', 'dead_forgotten'),
  timeoutGuard('NO_SKIP_LOCKED', 'dead_forgotten', ['-DWORKERS=2', '-DOUTAGES=0', ...runSleeps]),
  timeoutGuard('NO_REFUSE_LATE', 'dead_forgotten', ['-DTIMEOUT=24', ...nobodySleeps]),
  timeoutGuard('NO_WAIT'),
  timeoutGuard('NO_AWAY'),
  timeoutGuard('NO_SLOW'),
  timeoutGuard('NO_UPTIME', 'live_failed', ['-DSTARTS', ...nobodySleeps]),
  timeoutGuard('NO_LATE'),
  timeoutGuard('NO_LONG_CHECK'),
  timeoutGuard('NO_MONOTONIC'),
  timeoutGuard('NO_WALL'),
];
