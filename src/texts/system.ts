import { inBoth, plural } from './in-both.js';

/** What `chainparse status`, `tasks stats` and warnings say of the whole system. */
export const system = inBoth(
  {
    title: {
      pipelines: 'PIPELINES',
      running: 'RUNNING TASKS, the most silent first',
      alerts: 'ALERTS',
      sinks: 'SINKS, those that fail first',
      endpoints: 'RPC ENDPOINTS',
    },
    more: (count: number) => `  … and ${count} more`,
    pipeline: {
      silent: 'silent',
      parked: 'parked',
      failed: 'failed',
      running: 'running',
      queued: 'queued',
      // The word that the task itself has: a status has one name.
      ended: 'succeeded',
      never_ran: 'never ran',
      disabled: 'disabled',
    },
    endpoint: {
      healthy: 'healthy',
      limited: 'limits us',
      failing: 'calls fail',
      resting: 'away',
      wrong_chain: 'other chain',
      unasked: 'not asked',
    },
    noReport: (age: string) => `no report for ${age}`,
    databaseAway: (why: string) => `the database is away, this is old: ${why}`,
    foot: (time: string) => `${time} UTC, q or Ctrl-C ends`,
    silenceUnknown: (tasks: number) => `, ${tasks} of unknown silence`,
    queued: (tasks: number) => `, ${tasks} queued`,
    counts: (running: number, silent: number, more: string, ended: number, timedOut: number, rate: string) =>
      `${running} running, ${silent} silent${more}; in the last hour ${ended} ended, ${timedOut} timed out${rate}`,
    down: (count: number, list: string) => `${count} ${count === 1 ? 'PIPELINE IS' : 'PIPELINES ARE'} DOWN: ${list}`,
    noMonitor: (isReadOnly: boolean) =>
      `NO MONITOR IS ALIVE: ${isReadOnly ? 'the database is read-only, and takes no sign of life' : 'start one with chainparse monitor'}`,
    monitors: (count: number, first: string, age: string) =>
      `${count} ${plural(count, 'monitor', 'monitors')}: ${first}, beat ${age} ago`,
    noWorker: (waiting: number): string =>
      waiting === 0 ? 'no worker is alive' : 'NO WORKER IS ALIVE: start one with chainparse worker',
    workers: (count: number, taken: number, all: number) =>
      `${count} ${plural(count, 'worker', 'workers')} alive, ${taken} of ${all} places taken`,
  },
  {
    title: {
      pipelines: '流水线',
      running: '运行中的任务（静默最久的在前）',
      alerts: '告警',
      sinks: '接收端（失败的在前）',
      endpoints: 'RPC 节点',
    },
    more: (count) => `  … 另有 ${count} 项`,
    pipeline: {
      silent: '静默',
      parked: '已暂停',
      failed: '失败',
      running: '正在运行',
      queued: '等待运行',
      ended: '成功或结束',
      never_ran: '从未运行',
      disabled: '已停用',
    },
    endpoint: {
      healthy: '正常',
      limited: '限流',
      failing: '调用失败',
      resting: '不可用',
      wrong_chain: '属于另一条链',
      unasked: '未使用',
    },
    noReport: (age) => `无报告 ${age}`,
    databaseAway: (why) => `数据库无法访问, 以上为旧数据: ${why}`,
    foot: (time) => `${time} UTC, q 或 Ctrl-C 退出`,
    silenceUnknown: (tasks) => `, 静默未知 ${tasks}`,
    queued: (tasks) => `, 等待运行 ${tasks}`,
    counts: (running, silent, more, ended, timedOut, rate) =>
      `运行中 ${running}, 静默 ${silent}${more}; 最近一小时结束 ${ended}, 超时 ${timedOut}${rate}`,
    down: (count, list) => `${count} 条流水线停运: ${list}`,
    noMonitor: (isReadOnly) =>
      `没有存活的监控进程: ${isReadOnly ? '数据库只读, 无法写入心跳' : '请运行 chainparse monitor'}`,
    monitors: (count, first, age) => `监控进程 ${count}: ${first}, ${age}前心跳`,
    noWorker: (waiting) => (waiting === 0 ? '没有存活的工作进程' : '没有存活的工作进程: 请运行 chainparse worker'),
    workers: (count, taken, all) => `存活的工作进程 ${count}, 已用容量 ${taken}/${all}`,
  },
);

/** Workers. */
export const workers = inBoth(
  {
    state: { alive: 'alive', silent: 'silent', ended: 'ended' },
    anyChain: 'any',
    none: "no worker has been seen: start one with 'chainparse worker'",
  },
  {
    state: { alive: '正常', silent: '失去心跳', ended: '已结束' },
    anyChain: '任意',
    none: "尚无工作进程: 请运行 'chainparse worker'",
  },
);

/** Monitors, and what they find. */
export const monitors = inBoth(
  {
    ended: 'ended',
    silent: 'silent',
    alive: 'alive',
    waits: (why: string) => `waits: ${why}`,
    late: (longerThan: number, running: number, window: number, ended: number, timedOut: string) =>
      `running for more than ${longerThan} min: ${running}; ended in the last ${window} min: ${ended}, of which ${timedOut}`,
    timedOut: (count: number, rate: string) => `${count} timed out${rate}`,
    silence: (silent: number, longest: string) =>
      `running and silent for more than three of their intervals: ${silent}; longest silence ${longest}`,
    silenceUnknown: (tasks: number) => `running, and nobody knows how silent: ${tasks}`,
    latest: (name: string, when: string) => ` (the last, ${name}, beat ${when})`,
    none: (latest: string, isReadOnly: boolean) =>
      `no monitor is alive${latest}: nobody fails tasks that fall silent; ${isReadOnly ? 'the database is read-only, and takes no sign of life' : "start one with 'chainparse monitor'"}`,
  },
  {
    ended: '已结束',
    silent: '失去心跳',
    alive: '正常',
    waits: (why) => `等待中: ${why}`,
    late: (longerThan, running, window, ended, timedOut) =>
      `运行超过 ${longerThan} 分钟的任务: ${running}; 最近 ${window} 分钟内结束: ${ended}, 其中${timedOut}`,
    timedOut: (count, rate) => `超时 ${count}${rate}`,
    silence: (silent, longest) => `静默超过三个心跳间隔的运行中任务: ${silent}, 最长静默 ${longest}`,
    silenceUnknown: (tasks) => `静默时长未知的运行中任务: ${tasks}`,
    latest: (name, when) => ` (最近心跳: ${name}, ${when})`,
    none: (latest, isReadOnly) =>
      `没有存活的监控进程${latest}: 失去心跳的任务不会被标记为失败; ${isReadOnly ? '数据库只读, 无法写入心跳' : "请运行 'chainparse monitor'"}`,
  },
);

/** What a process that runs as a service says of itself to who started it. */
export const services = inBoth(
  {
    worker: (running: number, most: number, isAway: boolean) =>
      `${running} of ${most} tasks at one time${isAway ? '; the database is away' : ''}`,
    monitor: (isAway: boolean): string =>
      isAway ? 'judges nobody: the database is away' : 'watches the running tasks',
    serve: (isAway: boolean): string => (isAway ? 'serves what it knows: the database is away' : 'serves'),
    hangUpIgnored: 'SIGHUP is ignored: no terminal was there to close; SIGTERM ends this process in order',
  },
  {
    worker: (running, most, isAway) => `正在运行 ${running} 个任务 (最多 ${most} 个)${isAway ? '; 数据库不可用' : ''}`,
    monitor: (isAway) => (isAway ? '暂不判定: 数据库不可用' : '正在监视运行中的任务'),
    serve: (isAway) => (isAway ? '仅提供已知内容: 数据库不可用' : '正在提供服务'),
    hangUpIgnored: '已忽略 SIGHUP: 本进程未连接终端; 如需有序退出请发送 SIGTERM',
  },
);
