import { inBoth, plural } from './in-both.js';

/** What is said of a task: its status, what it waits for, how far it is. */
export const tasks = inBoth(
  {
    status: { running: 'running', succeeded: 'succeeded', failed: 'failed', queued: 'queued' },
    title: 'task',
    label: {
      pipeline: 'pipeline',
      worker: 'worker',
      created: 'created',
      lastHeartbeat: 'last heartbeat',
      alive: 'alive',
      waitsFor: 'waits for',
      ended: 'ended',
      why: 'why',
      error: 'error',
      progress: 'progress',
      timeout: 'timeout',
      log: 'log',
    },
    neverBeaten: 'never',
    page: (page: number, pages: number, total: number) => `page ${page} of ${pages}, ${total} tasks in all`,
    ago: (age: string) => `${age} ago`,
    ahead: (age: string) => `${age} ahead`,
    minutes: (minutes: number) => `${minutes} min`,
    shard: (shard: number) => `shard ${shard}`,
    waitsFor: (what: string) => `waits for ${what}`,
    events: (events: number) => `${events} ${plural(events, 'event', 'events')}`,
    behind: (blocks: number) => `${blocks} behind`,
    lagUnknown: (since: string) => `lag unknown since ${since}`,
    unknownSince: (since: string) => `unknown since ${since}`,
    awaitsBlock: (block: string, head: string) => `waiting for block ${block}: the chain is at ${head}`,
    noBlock: 'no block yet',
    block: (block: string) => `block ${block}`,
  },
  {
    status: { running: '正在运行', succeeded: '成功或结束', failed: '失败', queued: '等待运行' },
    title: '任务',
    label: {
      pipeline: '流水线',
      worker: '进程',
      created: '创建时间',
      lastHeartbeat: '最后心跳时间',
      alive: '是否存活',
      waitsFor: '等待',
      ended: '结束时间',
      why: '结束原因',
      error: '错误',
      progress: '进度',
      timeout: '超时',
      log: '日志',
    },
    neverBeaten: '从未心跳',
    page: (page, pages, total) => `第 ${page} 页, 共 ${pages} 页, 共 ${total} 个任务`,
    ago: (age) => `${age}前`,
    ahead: (age) => `超前 ${age}`,
    minutes: (minutes) => `${minutes} 分钟`,
    shard: (shard) => `分片 ${shard}`,
    waitsFor: (what) => `等待${what}`,
    events: (events) => `${events} 个事件`,
    behind: (blocks) => `落后 ${blocks}`,
    lagUnknown: (since) => `落后 自 ${since} 起未知`,
    unknownSince: (since) => `自 ${since} 起未知`,
    awaitsBlock: (block, head) => `等待区块 ${block}: 链目前在 ${head}`,
    noBlock: '尚无区块',
    block: (block) => `区块 ${block}`,
  },
);

/** Ages in one unit. */
export const ages = inBoth(
  { seconds: 's', minutes: 'min', hours: 'h', days: 'd' },
  { seconds: '秒', minutes: '分钟', hours: '小时', days: '天' },
);

/** What a queued task waits for. */
export const waiting = inBoth(
  {
    turn: (taskId: number) => `task ${taskId} to end: it runs this pipeline`,
    noWorker: 'a worker: none is alive; start one with chainparse worker',
    unfit: (reason: string) => `a worker that can run it: ${reason}`,
    full: (workers: number) =>
      `a free worker: ${plural(workers, 'the one that is alive is', `all ${workers} that are alive are`)} full`,
    soon: 'a worker, which begins it in a moment',
  },
  {
    turn: (taskId) => `任务 ${taskId} 结束: 它正在运行此流水线`,
    noWorker: '工作进程: 没有存活的; 请运行 chainparse worker',
    unfit: (reason) => `能运行它的工作进程: ${reason}`,
    full: (workers) => `空闲的工作进程: 存活的 ${workers} 个都已满`,
    soon: '工作进程: 马上开始',
  },
);

/** Whether a running task is believed to be alive, and why. `sign` and `beat` are texts of this subject. */
export const life = inBoth(
  {
    beatsEvery: (seconds: number) => `it beats every ${seconds} s`,
    createdAgo: (age: string) => `it was created ${age} ago`,
    heartbeatAgo: (age: string) => `its last heartbeat came ${age} ago`,
    alive: (sign: string, beat: string) => `yes: ${sign}, and ${beat}`,
    late: (sign: string, beat: string, limitSeconds: number) =>
      `yes, but late: ${sign}, though ${beat}; it is in doubt after ${limitSeconds} s of silence`,
    inTheFuture: (age: string) =>
      `unknown: its last sign of life lies ${age} ahead of the database's clock; check the database's time zone (chainparse migrate --time-zone)`,
    unknown:
      'unknown: it has neither a heartbeat nor a time of creation, so nothing judges it; chainparse tasks cancel ends it',
    failsNow: 'a monitor would fail it now',
    failsFrom: (instant: string) => `a monitor fails it from ${instant} on`,
    inDoubt: (sign: string, beat: string, verdict: string) =>
      `in doubt: ${sign}, though ${beat}: it may be taken over now, and ${verdict}`,
  },
  {
    beatsEvery: (seconds) => `每 ${seconds} 秒一次心跳`,
    createdAgo: (age) => `${age}前创建, 尚无心跳`,
    heartbeatAgo: (age) => `最后心跳在 ${age}前`,
    alive: (sign, beat) => `是: ${sign}, ${beat}`,
    late: (sign, beat, limitSeconds) => `是, 但心跳迟到: ${sign}, 而${beat}; 静默超过 ${limitSeconds} 秒才算存疑`,
    inTheFuture: (age) =>
      `未知: 最后的生命迹象比数据库时钟超前 ${age}; 请检查数据库时区 (chainparse migrate --time-zone)`,
    unknown: '未知: 既无心跳也无创建时间, 因此不会被判定; 可用 chainparse tasks cancel 结束',
    failsNow: '监控器现在即会判其超时',
    failsFrom: (instant) => `监控器自 ${instant} 起会判其超时`,
    inDoubt: (sign, beat, verdict) => `存疑: ${sign}, 而${beat}: 现在可被接管, ${verdict}`,
  },
);

/** Why a task ended. */
export const ends = inBoth(
  {
    completed: 'it came to its end: its last block is committed',
    stopped: 'a person stopped it: Ctrl-C, SIGTERM or chainparse tasks cancel',
    handedOver:
      'its worker was told to end, a person restarted it, or its shard found no worker: another task goes on with it',
    takenOver: (how: string) => `another run has its pipeline: ${how}`,
    needsRewind: 'the chain was reorganised deeper than is remembered: its pipeline is parked until it is rewound',
    failed: (reason: string) => `its run failed: ${reason}`,
    unknown: 'the program that ended it wrote no reason',
    timeout: (monitor: string | null, silence: string, minutes: number, sign: string) =>
      `${monitor === null ? 'a monitor' : `monitor ${monitor}`} found it silent for ${silence}, timeout ${minutes} min: ${sign}`,
    lastHeartbeatAt: (instant: string) => `its last heartbeat came at ${instant}`,
    neverBeaten: (instant: string) => `it had never beaten since its creation at ${instant}`,
  },
  {
    completed: '已运行到终点: 最后一个区块已提交',
    stopped: '由人停止: Ctrl-C, SIGTERM 或 chainparse tasks cancel',
    handedOver: '其工作进程被要求结束, 有人重启了流水线, 或其分片没有等到工作进程: 由另一个任务接着运行',
    takenOver: (how) => `流水线已由另一次运行接管: ${how}`,
    needsRewind: '链重组深度超出记录: 流水线已停放, 须先回退',
    failed: (reason) => `运行失败: ${reason}`,
    unknown: '结束它的程序未写明原因',
    timeout: (monitor, silence, minutes, sign) =>
      `监控器${monitor === null ? '' : ` ${monitor} `}发现其静默 ${silence}, 超时 ${minutes} 分钟: ${sign}`,
    lastHeartbeatAt: (instant) => `最后心跳在 ${instant}`,
    neverBeaten: (instant) => `自 ${instant} 创建后从未心跳`,
  },
);

/** A run's line of progress; numbers come as texts. */
export const progress = inBoth(
  {
    ofTask: (taskId: number, text: string) => `task ${taskId}: ${text}`,
    events: (events: string) => (events === '1' ? '1 event' : `${events} events`),
    eventsPerSecond: (rate: string) => `${rate} events/s`,
    eta: (duration: string) => `ETA ${duration}`,
    head: (block: number) => `head ${block}`,
    behind: (blocks: string, isOne: boolean) => `${blocks} ${isOne ? 'block' : 'blocks'} behind`,
    heartbeatAgo: (seconds: number) => `last heartbeat ${seconds} s ago`,
  },
  {
    ofTask: (taskId, text) => `任务 ${taskId}: ${text}`,
    events: (events) => `${events} 个事件`,
    eventsPerSecond: (rate) => `${rate} 事件/秒`,
    eta: (duration) => `剩余 ${duration}`,
    head: (block) => `链头 ${block}`,
    behind: (blocks) => `落后 ${blocks} 个区块`,
    heartbeatAgo: (seconds) => `最后心跳 ${seconds} 秒前`,
  },
);
