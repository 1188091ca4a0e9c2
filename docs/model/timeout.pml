/*
 * Who is failed for silence, and when: beats, the monitor's probes and checks, outages and suspensions, in ticks.
 *
 * A tick is half a heartbeat interval. Whatever is due in a tick happens in it, in any order, before the clock moves on;
 * what is suspended or waits for a server that is away lets the clock pass. The server may be frozen (it keeps what it
 * is sent and runs it when it wakes, in any order), killed (connections break, and new ones are refused until it is
 * started again), or cut off (what is sent vanishes, and so may what was in the air).
 *
 * Each guard stands behind #ifndef NO_…: `spin -DNO_DEADLINE` and so on removes it. See README.md.
 */

#ifndef WORKERS
#define WORKERS 1
#endif
#ifndef MONITORS
#define MONITORS 1
#endif
#ifndef OUTAGES
#define OUTAGES 1      /* times that the server goes away, for however long */
#endif
#ifndef LOSSES
#define LOSSES 1       /* single statements that are lost, or whose answer is */
#endif
#ifndef SLEEPS
#define SLEEPS 1       /* suspensions of a monitor or a run */
#endif
#ifndef DEATHS
#define DEATHS 1       /* runs that are killed or hang */
#endif

/* In ticks. */
#ifndef BEAT
#define BEAT 2                      /* heartbeat interval */
#endif
#define PROBE (BEAT / 2)            /* the longest time between two probes */
#define TOLERABLE (BEAT / 4)        /* a freeze that is too short to count */
#ifndef PATIENCE
#define PATIENCE BEAT               /* a statement that is not answered for so long has failed */
#endif
#define DEADLINE BEAT               /* an UPDATE takes effect so long after its probe, at most */
#ifndef CHECK
#define CHECK BEAT                  /* check interval */
#endif
#ifndef TIMEOUT
#define TIMEOUT (3 * BEAT)
#endif
#define STALL (BEAT + 1)            /* nothing has moved for so long: the run stops beating */

/* The guards. */
#ifndef NO_WAIT
#define WAIT (3 * BEAT)             /* after an outage nobody is judged for three intervals */
#else
#define WAIT 0
#endif
#if TIMEOUT > 3 * BEAT || defined(NO_FLOOR)
#define LIMIT TIMEOUT
#else
#define LIMIT (3 * BEAT)            /* no timeout is under three intervals */
#endif
#ifndef NO_DEADLINE
#define inTime(ticks) (ticks > 0)     /* the UPDATE carries its deadline, on the database's clock */
#else
#define inTime(ticks) true
#endif
#ifndef NO_REJUDGE
#define isSilent(w) (age[w] >= LIMIT && (beaten[w] || byCreation))   /* it judges when it has the row */
#else
#define isSilent(w) true
#endif
#ifndef NO_CREATION
#define byCreation true             /* a task that never beat is judged by its creation */
#else
#define byCreation false
#endif
#ifndef NO_BACKOFF_BOUND
#define longestBackoff BEAT         /* a run reconnects with a backoff of at most an interval */
#else
#define longestBackoff (4 * BEAT + 1)
#endif
#ifndef NO_STALL
#define stalled(w) (still[w] >= STALL)   /* a run that hangs stops beating */
#else
#define stalled(w) false
#endif
#ifndef NO_REFUSE_LATE
#define refuseLate true             /* a server refuses a beat that its sender has given up, or would have */
#else
#define refuseLate false
#endif
#ifndef NO_SKIP_LOCKED
#define blocks(w) false             /* a row that somebody has locked is passed over */
#else
#define blocks(w) locked[w]
#endif
#ifndef NO_AWAY
#define distrustAway true           /* a probe that failed is an outage */
#else
#define distrustAway false
#endif
#ifndef NO_SLOW
#define distrustSlow true           /* so is one that was answered slowly */
#else
#define distrustSlow false
#endif
#ifndef NO_UPTIME
#define distrustUptime true         /* so is a server that has just come up */
#else
#define distrustUptime false
#endif
#ifndef NO_LATE
#define distrustLate true           /* so is a sleep that was longer than planned */
#else
#define distrustLate false
#endif
#ifndef NO_LONG_CHECK
#define distrustCheck true          /* and a check that took long */
#else
#define distrustCheck false
#endif
#ifndef NO_MONOTONIC
#define monotonic(m) sinceMonotonic[m]
#else
#define monotonic(m) 0
#endif
#ifndef NO_WALL
#define wall(m) sinceWall[m]
#else
#define wall(m) 0
#endif

/*
 * A run that is dead for longer than its timeout is failed so long after that, or after the last disturbance: a monitor
 * gives up what it had sent, reconnects, waits, checks.
 */
#define OVERDUE (LIMIT + PATIENCE + 1)
#ifndef BOUND
#define BOUND (PATIENCE + BEAT + 3 * BEAT + CHECK + 2 * PROBE)
#endif

/* The promises. pan names the one that is broken: `assertion violated !(live_failed)`. */
bool live_failed, dead_forgotten;

inline promise(broken, holds) {
  broken = !(holds);
  assert(!broken)
}

/* The server, and what may yet happen to it. */
mtype:serverState = { up, frozen, dead, cut };
mtype:serverState server = up;
byte uptime = 3 * BEAT, cutFor;
byte outages = OUTAGES, losses = LOSSES, sleeps = SLEEPS, deaths = DEATHS;
byte i;

/* pipeline_task: status 0, last_heartbeat */
bool running[WORKERS] = true;
bool beaten[WORKERS];
byte age[WORKERS];

/* Runs: what each is doing and for how long yet; its beat that will never arrive, or that the server runs late. */
mtype:runState = { waiting, inTheAir, backingOff, stopped };
mtype:runState doing[WORKERS] = waiting;
byte timer[WORKERS];
bool tried[WORKERS], vanished[WORKERS], lateBeat[WORKERS];
bool suspended[WORKERS], locked[WORKERS], killed[WORKERS], hangs[WORKERS];
byte still[WORKERS];
/* May be failed: it was suspended or died since it was last heard. For how long it is dead, and ought to be failed. */
bool excused[WORKERS];
byte deadFor[WORKERS], owed[WORKERS];

/* Monitors */
mtype:monitorState = { off, sleeping, probing, listing, probingAgain, judging };
#ifdef STARTS
mtype:monitorState at[MONITORS] = off;
#else
mtype:monitorState at[MONITORS] = sleeping;
#endif
mtype:reply = { pending, answered, failed };
mtype:reply reply[MONITORS] = pending;
mtype:sleepKind = { awake, processStopped, computerSlept, clockSetBack };
mtype:sleepKind sleep[MONITORS] = awake;
byte nap[MONITORS], planned[MONITORS], dueIn[MONITORS], wait[MONITORS];
byte sinceMonotonic[MONITORS], sinceWall[MONITORS], upFor[MONITORS];
bool checks[MONITORS], away[MONITORS], vanishedOf[MONITORS];
byte left[MONITORS], lateLeft[MONITORS];
/* Whom each has listed; behind them, whom its statement names that a frozen server still holds. */
bool listed[2 * MONITORS * WORKERS];
#define names(m, w) listed[(m) * WORKERS + w]
bool lateJudge[MONITORS], isBlocked;
byte took;

#define isAwake(w) (!suspended[w] && !killed[w])
#define isDead(w) (killed[w] || still[w] >= STALL)
#define mayBeat(w) (isAwake(w) && timer[w] == 0 && !stalled(w) && (doing[w] == waiting || doing[w] == backingOff))

/* Runs: src/tasks/run/heartbeat.ts, beat-rounds.ts */

inline sendBeat(w, isLost) {
  if
  :: server == dead -> retryLater(w, 1)
  :: else -> doing[w] = inTheAir; timer[w] = PATIENCE; vanished[w] = (isLost || server == cut)
  fi
}

inline retryLater(w, ticks) {
  doing[w] = backingOff;
  timer[w] = (tried[w] -> ticks : 1);
  tried[w] = true;
  vanished[w] = false
}

proctype Run(byte w) {
end:
  do
  :: d_step { mayBeat(w) -> sendBeat(w, false) }
  :: d_step { mayBeat(w) && server == up && losses > 0 -> losses--; sendBeat(w, true) }
  /* Not answered within its time: the server may run it yet. */
  :: d_step { isAwake(w) && timer[w] == 0 && doing[w] == inTheAir -> lateBeat[w] = (!refuseLate && !vanished[w] && server == frozen); retryLater(w, longestBackoff) }
  od
}

/* The server */

inline runBeat(w) {
  if
  :: running[w] ->
    age[w] = 0;
    beaten[w] = true;
    if
    :: isAwake(w) && !isDead(w) -> excused[w] = false
    :: else
    fi
  :: else
  fi
}

inline arrive(w) {
  if
  :: refuseLate && timer[w] == 0 -> retryLater(w, longestBackoff)
  :: else ->
    runBeat(w);
    tried[w] = false;
    doing[w] = (running[w] -> waiting : stopped);
    timer[w] = (running[w] -> BEAT : 0)
  fi
}

/* listSilent; fail */
inline list(m) {
  for (i : 0 .. WORKERS - 1) { names(m, i) = (running[i] && age[i] >= LIMIT && (beaten[i] || byCreation)) }
  i = 0
}

inline judge(whom, ticks) {
  isBlocked = false;
  for (i : 0 .. WORKERS - 1) { isBlocked = isBlocked || (names(whom, i) && running[i] && blocks(i)) }
  for (i : 0 .. WORKERS - 1) {
    if
    :: !isBlocked && names(whom, i) && running[i] && !locked[i] && isSilent(i) && inTime(ticks) ->
      promise(live_failed, excused[i]);
      running[i] = false; age[i] = 0; excused[i] = false; deadFor[i] = 0; owed[i] = 0
    :: else
    fi;
    names(whom, i) = false
  }
  i = 0
}

inline runFor(m) {
  if
  :: at[m] == listing -> list(m); reply[m] = answered
  :: at[m] == judging -> judge(m, left[m]); left[m] = 0; reply[m] = (isBlocked -> failed : answered); isBlocked = false
  :: else -> upFor[m] = uptime; left[m] = (at[m] == probingAgain -> DEADLINE + 1 : 0); reply[m] = answered
  fi
}

inline judgeLate(m) {
  judge(MONITORS + m, lateLeft[m]);
  isBlocked = false; lateJudge[m] = false; lateLeft[m] = 0
}

#define isAsking(m) (at[m] != off && at[m] != sleeping && reply[m] == pending)

proctype Server() {
end:
  do
  :: d_step { server == up && doing[0] == inTheAir && !vanished[0] -> arrive(0) }
  :: d_step { server == up && doing[0] == inTheAir && !vanished[0] && losses > 0 -> losses--; runBeat(0); retryLater(0, longestBackoff) }
  :: d_step { server == up && lateBeat[0] -> lateBeat[0] = false; runBeat(0) }
#if WORKERS > 1
  :: d_step { server == up && doing[1] == inTheAir && !vanished[1] -> arrive(1) }
  :: d_step { server == up && lateBeat[1] -> lateBeat[1] = false; runBeat(1) }
#endif
  :: d_step { server == up && isAsking(0) && !vanishedOf[0] -> runFor(0) }
  :: d_step { server == up && lateJudge[0] -> judgeLate(0) }
#if MONITORS > 1
  :: d_step { server == up && isAsking(1) && !vanishedOf[1] -> runFor(1) }
  :: d_step { server == up && lateJudge[1] -> judgeLate(1) }
#endif
  od
}

/* Monitors: src/tasks/monitor/timeout-monitor.ts, timeout-check.ts, outage-watch.ts */

inline ask(m, what) {
  at[m] = what;
  nap[m] = PATIENCE;
  vanishedOf[m] = (server == cut);
  reply[m] = (server == dead -> failed : pending)
}

inline goToSleep(m, ticks) {
  at[m] = sleeping; reply[m] = pending; vanishedOf[m] = false; checks[m] = false; upFor[m] = 0;
  nap[m] = ticks; planned[m] = ticks
}

/* How long it was since the monitor was last seen at work, by either clock. */
inline look(m, expected) {
  took = (monotonic(m) > wall(m) -> monotonic(m) : wall(m));
  took = (took > expected -> took - expected : 0);
  sinceMonotonic[m] = 0; sinceWall[m] = 0
}

inline distrust(m, ticks) { wait[m] = (wait[m] > ticks -> wait[m] : ticks) }

/* OutageWatch.probeAnswered */
inline probeAnswered(m) {
  look(m, 0);
  if
  :: away[m] && distrustAway -> distrust(m, WAIT)
  :: else ->
    if
    :: took > TOLERABLE && distrustSlow -> distrust(m, WAIT)
    :: else ->
      if
      :: upFor[m] < WAIT && distrustUptime -> distrust(m, WAIT - upFor[m])
      :: else
      fi
    fi
  fi;
  away[m] = false; took = 0; upFor[m] = 0
}

/* OutageWatch.checked */
inline checked(m, next) {
  look(m, 0);
  if
  :: took > TOLERABLE && distrustCheck -> distrust(m, WAIT)
  :: else
  fi;
  took = 0; dueIn[m] = next;
  goToSleep(m, PROBE)
}

/* OutageWatch.slept; the loop's next turn */
inline wake(m) {
  look(m, planned[m]);
  if
  :: took > TOLERABLE && distrustLate -> distrust(m, WAIT)
  :: else
  fi;
  took = 0; planned[m] = 0;
  checks[m] = (dueIn[m] == 0);
  ask(m, probing)
}

inline fallBack(m, ticks) {
  away[m] = true; sinceMonotonic[m] = 0; sinceWall[m] = 0; left[m] = 0;
  for (i : 0 .. WORKERS - 1) { names(m, i) = false }
  i = 0;
  goToSleep(m, ticks)
}

inline giveUp(m) {
  if
  :: at[m] == judging && !vanishedOf[m] && server == frozen ->
    lateJudge[m] = true; lateLeft[m] = left[m];
    for (i : 0 .. WORKERS - 1) { names(MONITORS + m, i) = names(m, i) }
    i = 0
  :: else
  fi;
  reply[m] = failed
}

inline goOn(m) {
  if
  :: at[m] == probing ->
    probeAnswered(m);
    if
    :: checks[m] && wait[m] == 0 -> ask(m, listing)
    :: else -> goToSleep(m, PROBE)
    fi
  :: at[m] == listing ->
    for (i : 0 .. WORKERS - 1) { isBlocked = isBlocked || names(m, i) }
    i = 0;
    if
    :: isBlocked -> isBlocked = false; ask(m, probingAgain)
    :: else -> checked(m, CHECK)
    fi
  :: at[m] == probingAgain ->
    probeAnswered(m);
    if
    :: wait[m] == 0 -> ask(m, judging)
    :: else -> left[m] = 0; checked(m, 0)
    fi
  :: at[m] == judging -> checked(m, CHECK)
  fi
}

proctype Monitor(byte m) {
end:
  do
  :: d_step { at[m] == off -> ask(m, probing); checks[m] = true; sinceMonotonic[m] = 0; sinceWall[m] = 0 }
  :: d_step { sleep[m] == awake && at[m] == sleeping && nap[m] == 0 -> wake(m) }
  :: d_step { sleep[m] == awake && at[m] != off && at[m] != sleeping && reply[m] == answered -> goOn(m) }
  :: d_step { sleep[m] == awake && isAsking(m) && nap[m] == 0 -> giveUp(m) }
  :: d_step { sleep[m] == awake && at[m] != off && at[m] != sleeping && reply[m] == failed -> fallBack(m, 1) }
  :: d_step { sleep[m] == awake && at[m] != off && at[m] != sleeping && reply[m] == failed -> fallBack(m, BEAT) }
  od
}

/* What may happen */

/* Whoever ought to be failed may be so later. */
inline disturb() {
  for (i : 0 .. WORKERS - 1) { owed[i] = 0 }
  i = 0
}

inline breakConnections() {
  for (i : 0 .. WORKERS - 1) {
    if
    :: doing[i] == inTheAir -> retryLater(i, BEAT)
    :: else
    fi;
    lateBeat[i] = false
  }
  for (i : 0 .. MONITORS - 1) {
    if
    :: isAsking(i) -> reply[i] = failed
    :: else
    fi;
    lateJudge[i] = false; lateLeft[i] = 0
  }
  i = 0
}

inline cutConnections() {
  for (i : 0 .. WORKERS - 1) { vanished[i] = (doing[i] == inTheAir) }
  for (i : 0 .. MONITORS - 1) { vanishedOf[i] = isAsking(i) }
  i = 0
}

#if MONITORS > 1
#define allStarted (at[0] != off && at[1] != off)
#define oneWorks (at[0] != off && sleep[0] == awake || at[1] != off && sleep[1] == awake)
#else
#define allStarted (at[0] != off)
#define oneWorks (at[0] != off && sleep[0] == awake)
#endif

/* What was kept while it was frozen is run before it freezes again. */
#if WORKERS > 1
#define owesAnswers (doing[0] == inTheAir && !vanished[0] || doing[1] == inTheAir && !vanished[1])
#else
#define owesAnswers (doing[0] == inTheAir && !vanished[0])
#endif

proctype Fate() {
end:
  do
  /* A monitor that is started at the end of such an outage, or behind it, can't know of it. */
  :: d_step { server == up && outages > 0 && allStarted && !owesAnswers -> outages--; server = frozen }
  :: d_step { server == up && outages > 0 -> outages--; server = dead; breakConnections() }
  :: d_step { server == up && outages > 0 && allStarted -> outages--; server = cut; cutConnections() }
  :: d_step { server == frozen -> server = up; disturb() }
  /* A shorter cut loses nothing: TCP sends it again. */
  :: d_step { server == cut && cutFor > PROBE -> server = up; cutFor = 0; disturb() }
  :: d_step { server == dead -> server = up; uptime = 0; disturb() }
  od
}

#ifdef RUNS_SLEEP
#define runsSleep (sleeps > 0)
#else
#define runsSleep false
#endif
#ifdef MONITORS_SLEEP
#define monitorsSleep (sleeps > 0)
#else
#define monitorsSleep false
#endif

/*
 * The first run and the first monitor may be suspended for however long, the run also in the middle of a transaction. A
 * monitor that was stopped sees the time pass by both of its clocks, one whose computer slept by the wall clock alone,
 * and one whose wall clock was set back meanwhile by the monotonic alone.
 */
proctype Sleep() {
end:
  do
  :: d_step { runsSleep && isAwake(0) -> sleeps--; suspended[0] = true; excused[0] = true }
  :: d_step { runsSleep && isAwake(0) -> sleeps--; suspended[0] = true; excused[0] = true; locked[0] = true }
  :: d_step { suspended[0] -> suspended[0] = false; locked[0] = false }
  :: d_step { monitorsSleep && sleep[0] == awake -> sleeps--; sleep[0] = processStopped }
  :: d_step { monitorsSleep && sleep[0] == awake -> sleeps--; sleep[0] = computerSlept }
  :: d_step { monitorsSleep && sleep[0] == awake -> sleeps--; sleep[0] = clockSetBack }
  :: d_step { sleep[0] != awake -> sleep[0] = awake; disturb() }
  od
}

/* The last run may die: kill -9, or it hangs. */
#define LAST (WORKERS - 1)
proctype Death() {
end:
  do
  :: d_step { deaths > 0 && !suspended[LAST] -> deaths--; killed[LAST] = true; excused[LAST] = true }
  :: d_step { deaths > 0 && !suspended[LAST] -> deaths--; hangs[LAST] = true }
  od
}

/* The clock */

#define runIsBusy(w) (running[w] && (mayBeat(w) || isAwake(w) && timer[w] == 0 && doing[w] == inTheAir || server == up && (doing[w] == inTheAir && !vanished[w] || lateBeat[w])))
#define monitorIsBusy(m) (at[m] != off && (sleep[m] == awake && (nap[m] == 0 || at[m] != sleeping && reply[m] != pending) || server == up && (isAsking(m) && !vanishedOf[m] || lateJudge[m])))

inline less(what) { what = (what > 0 -> what - 1 : 0) }
inline more(what, most) { what = (what < most -> what + 1 : most) }

inline tickRun(w) {
  if
  :: running[w] ->
    less(timer[w]);
    more(age[w], LIMIT);
    if
    :: hangs[w] -> more(still[w], STALL); excused[w] = excused[w] || still[w] >= STALL
    :: else
    fi;
    if
    :: isDead(w) -> more(deadFor[w], OVERDUE)
    :: else
    fi;
    if
    :: deadFor[w] == OVERDUE && !locked[w] && server == up && oneWorks -> more(owed[w], BOUND + 1)
    :: else -> owed[w] = 0
    fi;
    promise(dead_forgotten, owed[w] <= BOUND)
  :: else
  fi
}

inline tickMonitor(m) {
  less(left[m]); less(lateLeft[m]);
  if
  :: sleep[m] != computerSlept -> less(nap[m]); less(dueIn[m]); less(wait[m]); more(sinceMonotonic[m], 2 * BEAT)
  :: else
  fi;
  if
  :: sleep[m] != clockSetBack -> more(sinceWall[m], 2 * BEAT)
  :: else
  fi
}

inline tickServer() {
  /* spin -t prints it: one line a tick of a counterexample. */
  printf("server %e; run %e for %d, age %d, owed %d; monitor %e, %e for %d, wait %d, due %d\n", server, doing[0], timer[0], age[0], owed[0], sleep[0], at[0], nap[0], wait[0], dueIn[0]);
  if
  :: server != dead -> more(uptime, 3 * BEAT)
  :: else
  fi;
  if
  :: server == cut -> more(cutFor, PROBE + 1)
  :: else
  fi
}

proctype Clock() {
end:
  do
#if WORKERS > 1 && MONITORS > 1
  :: d_step { !runIsBusy(0) && !runIsBusy(1) && !monitorIsBusy(0) && !monitorIsBusy(1) -> tickRun(0); tickRun(1); tickMonitor(0); tickMonitor(1); tickServer() }
#elif WORKERS > 1
  :: d_step { !runIsBusy(0) && !runIsBusy(1) && !monitorIsBusy(0) -> tickRun(0); tickRun(1); tickMonitor(0); tickServer() }
#elif MONITORS > 1
  :: d_step { !runIsBusy(0) && !monitorIsBusy(0) && !monitorIsBusy(1) -> tickRun(0); tickMonitor(0); tickMonitor(1); tickServer() }
#else
  :: d_step { !runIsBusy(0) && !monitorIsBusy(0) -> tickRun(0); tickMonitor(0); tickServer() }
#endif
  od
}

init {
  atomic {
    run Clock(); run Fate(); run Sleep(); run Death(); run Server();
    run Run(0);
#if WORKERS > 1
    run Run(1);
#endif
    run Monitor(0);
#if MONITORS > 1
    run Monitor(1);
#endif
    skip
  }
}
