/*
 * Who may write: claim, take-over, beat, commit, finish, cancel and the monitors' UPDATE, without time.
 *
 * Silence is a bit that may be set at any moment and that a beat or a commit clears. Any process may stand still
 * between any two of its steps for as long as it likes (SIGSTOP) or for ever (kill -9). A statement may be lost, be
 * done while its answer is lost, or be run late, when its client has long given it up.
 *
 * Each guard stands behind #ifndef NO_…: `spin -DNO_RENEW_STATUS` and so on removes it. See README.md.
 */

#ifndef TASKS
#define TASKS 3      /* tasks that can be claimed */
#endif
#ifndef BLOCKS
#define BLOCKS 2     /* batches that the pipeline has */
#endif
#ifndef FAULTS
#define FAULTS 2     /* statements that go wrong */
#endif
#ifndef MONITORS
#define MONITORS 2
#endif

/* Who ends a task: workers are 1 and 2. */
#define PERSON 3
#define CLAIM 4
#define MONITOR 5    /* and 6 */

/* The promises. pan names the one that is broken: `assertion violated !(stale_commit)`. */
bool stale_commit, torn_batch, stale_beat, ended_twice, live_ended, two_leases, told_twice, own_end_unknown, lease_forgotten;

inline promise(broken, holds) {
  broken = !(holds);
  assert(!broken)
}

/* pipeline_task */
mtype:state = { absent, running, ended };
mtype:state status[TASKS + 1] = absent;
bool silent[TASKS + 1];
byte endedBy[TASKS + 1];
byte newest;

/* pipeline_checkpoint, and how often each batch's rows were written */
byte holder, version, block;
byte rows[BLOCKS];

/* Which tasks the monitors have told people of. */
bool told[TASKS + 1];
byte faults = FAULTS;

mtype:kind = { nothing, renew, commit, claim, finish, cancel, fail };

/* What a server holds back: the kind; the task, or the one that a claim ends; who sent it; a commit's version, or the
   holder that a claim expects; a commit's batch, or whether a claim ends only a silent task. */
mtype:kind lateKind = nothing;
byte lateTask, lateBy, lateVersion, lateBlock;

/* The guards. */
#ifndef NO_RENEW_STATUS
#define renewStatus(t) (status[t] == running)   /* a beat renews only a running task */
#else
#define renewStatus(t) true
#endif
#ifndef NO_COMMIT_RENEWAL
#define commitRenewal(t) (status[t] == running)   /* a commit renews its task, which must be running */
#else
#define commitRenewal(t) true
#endif
#ifndef NO_COMMIT_TASK
#define commitTask(t) (holder == t)   /* the checkpoint names the task that commits */
#else
#define commitTask(t) true
#endif
#ifndef NO_COMMIT_VERSION
#define commitVersion(v) (version == v)   /* and is where the commit builds on */
#else
#define commitVersion(v) true
#endif
#ifndef NO_CLAIM_HOLDER
#define claimHolder(t) (holder == t)   /* a claim finds the holder that it has read */
#else
#define claimHolder(t) true
#endif
#ifndef NO_CLAIM_RUNNING
#define claimRunning(t) (status[t] == running)   /* it ends the old task only if that still runs */
#else
#define claimRunning(t) true
#endif
#ifndef NO_CLAIM_SILENT
#define claimSilent(t) (silent[t])   /* and, where silence was the reason, is still silent */
#else
#define claimSilent(t) true
#endif
#ifndef NO_FINISH_RUNNING
#define finishRunning(t) (status[t] == running)   /* a run ends its task only if that runs */
#else
#define finishRunning(t) true
#endif
#ifndef NO_CANCEL_OPEN
#define cancelOpen(t) (status[t] == running)   /* so does a person */
#else
#define cancelOpen(t) true
#endif
#ifndef NO_TIMEOUT_STATUS
#define timeoutStatus(t) (status[t] == running)   /* and a monitor */
#else
#define timeoutStatus(t) true
#endif
#ifndef NO_TIMEOUT_SILENT
#define timeoutSilent(t) (silent[t])   /* which judges silence anew when it has the row */
#else
#define timeoutSilent(t) true
#endif
#ifndef NO_CLAIM_END
#define claimEnds true   /* a claim ends the task that it replaces */
#else
#define claimEnds false
#endif
#ifndef NO_COMMIT_LOOKUP
#define commitLookup true   /* a commit whose answer was lost is looked up */
#else
#define commitLookup false
#endif
#ifndef NO_COMMIT_TRANSACTION
#define commitParted false   /* fences and rows are one transaction */
#else
#define commitParted true
#endif
#ifndef NO_FINISH_LOOKUP
#define finishLookup(t, who) (endedBy[t] == who)   /* an end whose answer was lost is looked up */
#else
#define finishLookup(t, who) false
#endif
#ifndef NO_REASON
#define ours(t, who) (endedBy[t] == who)   /* a monitor knows its own by the reason in the row */
#else
#define ours(t, who) (endedBy[t] >= MONITOR)
#endif

bool matched;

/* The database. Each of these is one statement or one transaction that locks what it reads, task before checkpoint. */

inline endTask(t, who) {
  promise(ended_twice, status[t] == running);
  status[t] = ended;
  silent[t] = true;     /* from now on, for ever */
  endedBy[t] = who
}

inline runRenew(t) {
  matched = renewStatus(t);
  if
  :: matched -> promise(stale_beat, status[t] == running); silent[t] = false
  :: else
  fi
}

inline runCommit(t, v, b) {
  matched = commitRenewal(t) && commitTask(t) && commitVersion(v);
  write(t, b)
}

/* A batch's rows, the checkpoint and the beat. */
inline write(t, b) {
  if
  :: matched ->
    promise(stale_commit, status[t] == running && holder == t);
    rows[b]++;
    promise(torn_batch, rows[b] == 1 && block == b);
    block = b + 1;
    version++;
    silent[t] = false
  :: else
  fi
}

inline runClaim(old, expected, onlySilent) {
  matched = newest < TASKS && claimHolder(expected) && (old == 0 || claimRunning(old) && (!onlySilent || claimSilent(old)));
  if
  :: matched ->
    if
    :: old != 0 -> promise(live_ended, !onlySilent || silent[old])
    :: else
    fi;
    if
    :: old != 0 && claimEnds -> endTask(old, CLAIM)
    :: else
    fi;
#ifndef HAND
    promise(two_leases, newest == 0 || status[newest] != running);
#endif
    newest++;
    status[newest] = running;
    holder = newest
  :: else
  fi
}

inline runEnd(t, who) {
  matched = (who == PERSON -> cancelOpen(t) : finishRunning(t));
  if
  :: matched -> endTask(t, who)
  :: else
  fi
}

inline runTimeout(t, who) {
  matched = timeoutStatus(t) && timeoutSilent(t);
  if
  :: matched -> promise(live_ended, silent[t]); endTask(t, who)
  :: else
  fi
}

inline execute(k, t, who, v, b) {
  if
  :: k == renew -> runRenew(t)
  :: k == commit -> runCommit(t, v, b)
  :: k == claim -> runClaim(t, v, b)
  :: k == finish || k == cancel -> runEnd(t, who)
  :: k == fail -> runTimeout(t, who)
  fi
}

/*
 * One step of a client: a statement that may be sent where `ready`, what becomes of it, and what follows from the answer.
 * What else happens between the client's last step and this one is not known to it.
 */
mtype:reply = { unknown, yes, no };
mtype:reply answer = unknown;

#define answered(k, t, v, b)   execute(k, t, me, v, b); answer = (matched -> yes : no); matched = false
#define unanswered(k, t, v, b) faults--; execute(k, t, me, v, b); answer = unknown; matched = false
#define lost(k, t, v, b)       faults--; answer = unknown
#define heldBack(k, t, v, b)   faults--; hold(k, t, me, v, b); answer = unknown
#define step(ready, k, t, v, b, after) \
  :: d_step { (ready) -> answered(k, t, v, b); after; answer = unknown } \
  :: d_step { (ready) && faults > 0 -> unanswered(k, t, v, b); after; answer = unknown } \
  :: d_step { (ready) && faults > 0 -> lost(k, t, v, b); after; answer = unknown } \
  :: d_step { (ready) && faults > 0 && lateKind == nothing -> heldBack(k, t, v, b); after; answer = unknown }

inline hold(k, t, who, v, b) {
  lateKind = k; lateTask = t; lateBy = who; lateVersion = v; lateBlock = b
}

/* Runs what its client has given up. */
active proctype Late() {
end:
  do
  :: d_step {
      lateKind != nothing ->
      execute(lateKind, lateTask, lateBy, lateVersion, lateBlock);
      matched = false;
      hold(nothing, 0, 0, 0, 0)
    }
  od
}

/* Time passes: a running task has been silent for too long. */
active proctype Time() {
end:
  do
  :: d_step { status[1] == running && !silent[1] -> silent[1] = true }
  :: d_step { status[2] == running && !silent[2] -> silent[2] = true }
  :: d_step { status[TASKS] == running && !silent[TASKS] -> silent[TASKS] = true }
  od
}

mtype:phase = { deciding, judging, claiming, working, recovering, looking, finishing, parted, gone };

/* It is started again, as long as there are tasks. */
inline leave() {
  task = 0; seen = 0; at = 0; old = 0; onlySilent = false;
  doing = (newest < TASKS -> deciding : gone)
}

/* LeaseLostError: exit code 4 */
inline lose() {
  promise(lease_forgotten, status[task] == ended);
  leave()
}

inline afterClaim() {
  if
  :: answer == yes -> task = holder; seen = version; at = block; doing = working
  :: answer == no && newest < TASKS -> doing = deciding
  :: else -> doing = gone
  fi;
  old = 0; onlySilent = false
}

inline afterCommit() {
  if
  :: answer == yes -> seen++; at++
  :: else -> doing = recovering
  fi
}

inline afterBeat() {
  if
  :: answer == yes && doing == recovering -> doing = looking
  :: answer == yes
  :: answer == unknown -> doing = recovering
  :: answer == no -> lose()
  fi
}

/* Where the answer was lost, the row says who ended the task. */
inline afterFinish() {
  if
  :: answer == unknown -> doing = finishing
  :: answer == yes -> leave()
  :: answer == no && finishLookup(task, me) -> leave()
  :: else -> promise(own_end_unknown, endedBy[task] != me); lose()
  fi
}

inline lookUp() {
  if
  :: !commitLookup -> seen = version; doing = working
  :: commitLookup && holder == task && version == seen -> doing = working
  :: commitLookup && holder == task && version == seen + 1 && block == at + 1 -> seen++; at++; doing = working
  :: else -> leave()                       /* LeaseLostError, CheckpointMovedError */
  fi
}

#define isHeld (newest != 0 && status[newest] == running)

/*
 * One `chainparse run-pipeline` after the other: src/tasks/lease/claim-task.ts, run-task.ts, finish-task.ts,
 * src/pipeline/commit.ts. kill -9 is the step to `gone`, SIGSTOP any step that is not taken yet.
 */
proctype Worker(byte me) {
  mtype:phase doing = deciding;
  byte task, seen, at, old;
  bool onlySilent;

end:
  do
  /* claimTask reads, judges and claims; by then what it judged may no longer be so. */
  :: d_step { doing == deciding -> seen = holder; doing = judging }
  :: d_step { doing == judging && !isHeld -> doing = claiming }
  :: d_step { doing == judging && isHeld && silent[newest] -> old = newest; onlySilent = true; doing = claiming }
  :: d_step { doing == judging && isHeld -> old = newest; doing = claiming }   /* --take-over; its process is gone */
  :: d_step { doing == judging && isHeld -> leave() }                          /* LeaseHeldError */
  step(doing == claiming, claim, old, seen, onlySilent, afterClaim())

  /* executePipeline: commits, beats, ends */
  step(doing == working && at < BLOCKS && !commitParted, commit, task, seen, at, afterCommit())
  step(doing == working || doing == recovering, renew, task, 0, 0, afterBeat())
  step(doing == working || doing == finishing, finish, task, 0, 0, afterFinish())
  :: d_step { doing != deciding && doing != gone -> leave() }                  /* kill -9 */

  /* Committer.#landed looks the checkpoint up, once the lease is renewed. */
  :: d_step { doing == looking -> lookUp() }

  /* Only with -DNO_COMMIT_TRANSACTION: the fences in a statement of their own, the rows in the next. */
  :: d_step { commitParted && doing == working && at < BLOCKS && holder == task && version == seen && status[task] == running -> doing = parted }
  :: d_step { doing == parted -> matched = true; write(task, at); matched = false; seen++; at++; doing = working }
  od
}

inline tell() {
  if
  :: ours(task, me) -> promise(told_twice, !told[task]); told[task] = true
  :: else
  fi
}

inline afterFail() {
  if
  :: answer == yes -> tell(); task = 0
  :: answer == no -> task = 0
  :: answer == unknown -> asks = true
  fi
}

/* `chainparse monitor`: src/tasks/monitor/timeout-check.ts, src/database/tasks/timeout-store.ts. */
proctype Monitor(byte me) {
  byte task;
  bool asks;

end:
  do
  /* listSilent */
  :: d_step { task == 0 && status[1] == running && silent[1] -> task = 1 }
  :: d_step { task == 0 && status[2] == running && silent[2] -> task = 2 }
  :: d_step { task == 0 && status[TASKS] == running && silent[TASKS] -> task = TASKS }
  step(task != 0 && !asks, fail, task, 0, 0, afterFail())
  /* takeLost: the answer was lost; which of them carry this monitor's reason? */
  :: d_step { asks -> tell(); asks = false; task = 0 }
  od
}

/* `chainparse tasks cancel`, of whichever task, while there are faults to come or once. */
active proctype Person() {
  bool done;
  byte me = PERSON;
end:
  do
  step(!done && status[1] != absent, cancel, 1, 0, 0, done = true)
  step(!done && status[2] != absent, cancel, 2, 0, 0, done = true)
  od
}

#ifdef HAND
/* An older program, or a hand in the table, sets an ended task's status back to 0. */
active proctype Hand() {
end:
  if
  :: d_step { status[1] == ended -> status[1] = running; endedBy[1] = 0; told[1] = false }
  :: d_step { status[2] == ended -> status[2] = running; endedBy[2] = 0; told[2] = false }
  fi
}
#endif

init {
  atomic {
    run Worker(1); run Worker(2);
#if MONITORS > 0
    run Monitor(MONITOR);
#endif
#if MONITORS > 1
    run Monitor(MONITOR + 1);
#endif
    skip
  }
}
