import { inBoth, plural } from './in-both.js';

/** What `pipeline show` says. */
export const pipelines = inBoth(
  {
    title: 'pipeline',
    component: 'component',
    label: {
      state: 'state',
      wanted: 'wanted',
      parked: 'parked',
      toGoOn: 'to go on',
      read: 'read',
      shards: 'shards',
      olderEvents: 'older events',
      waitsFor: 'waits for',
      warning: 'warning',
      description: 'description',
      classification: 'classification',
      timeout: 'timeout',
      restart: 'restart',
      schedule: 'schedule',
      created: 'created',
      updated: 'updated',
    },
    parkedSince: (task: number, reason: string) => `since task ${task}: ${reason}`,
    blocks: (from: string, to: string) => `blocks ${from} to ${to}`,
    readAhead: (read: number, blocks: number, to: number, each: string) =>
      `${read} of ${blocks} blocks up to ${to} are read ahead (${each})`,
    withoutCode: (addresses: string) =>
      `no contract on the chain at ${addresses}: it emits no events; check its address and chain_name`,
    ofEarlierRuns: (blocks: string) => `${blocks}, of earlier runs: listed until a run reads them again`,
  },
  {
    title: '流水线',
    component: '组件',
    label: {
      state: '状态',
      wanted: '期望',
      parked: '已停放',
      toGoOn: '继续方法',
      read: '已读取',
      shards: '分片',
      olderEvents: '较早的事件',
      waitsFor: '等待',
      warning: '警告',
      description: '描述',
      classification: '分类',
      timeout: '超时',
      restart: '重启',
      schedule: '计划',
      created: '创建时间',
      updated: '更新时间',
    },
    parkedSince: (task, reason) => `自任务 ${task} 起: ${reason}`,
    blocks: (from, to) => `区块 ${from} 至 ${to}`,
    readAhead: (read, blocks, to, each) => `已预读 ${blocks} 个区块中的 ${read} 个, 至区块 ${to} (${each})`,
    withoutCode: (addresses) => `链上 ${addresses} 没有合约, 不会有事件: 请检查地址和 chain_name`,
    ofEarlierRuns: (blocks) => `${blocks}, 来自较早的运行: 在重新读取之前仍会列出`,
  },
);

/** What commands say in their results and remarks. */
export const commands = inBoth(
  {
    hidden: (names: string) => `not shown: ${names} (--wide shows all)`,
    variableMisspelt: (found: string, meant: string) => `${found} is no setting, and sets nothing: ${meant} is one`,
    alert: {
      open: 'open',
      cleared: 'cleared',
      muted: 'muted',
      isMuted: (scope: string, until: string) => `nobody is told of ${scope} until ${until}`,
      unmuted: (count: number) => `${count} ${count === 1 ? 'mute' : 'mutes'} ended`,
    },
    calls: {
      more: (total: number) => `${total} stored answers in all: --limit shows more`,
      forgotten: (count: number) =>
        `${count} stored ${plural(count, 'answer', 'answers')} forgotten: the next event that needs one requests it again`,
    },
    pipeline: { enabled: 'enabled', disabled: 'disabled', parked: 'parked', started: 'started', held: 'held' },
    wanted: {
      started: (since: string) => `started since ${since}: workers keep it running`,
      stopped: (since: string) => `stopped since ${since}`,
      held: (reason: string) => `started, and waits for a person: ${reason}`,
      again: (next: string, failures: number) =>
        failures === 0
          ? `started: the next task is queued at ${next}`
          : `started: the next task is queued at ${next}, after ${failures} ${failures === 1 ? 'end' : 'ends'} without progress`,
      scheduled: (next: string, skipped: string | null) =>
        skipped === null
          ? `started: runs at ${next}`
          : `started: runs at ${next}; did not at ${skipped}, for it still ran`,
      waits: (pipeline: number, next: string) => `pipeline ${pipeline} is started: it runs at ${next}`,
      queued: (pipeline: number, task: number) => `pipeline ${pipeline} is started: task ${task} waits for a worker`,
      runsAlready: (pipeline: number) => `pipeline ${pipeline} is started: a task of it runs or waits already`,
      stoppedNow: (pipeline: number, ended: number) =>
        `pipeline ${pipeline} is stopped${ended === 0 ? '' : `: ${ended} ${ended === 1 ? 'task' : 'tasks'} ended`}`,
    },
    migration: { applied: 'applied', pending: 'pending', newer: 'made by a newer version' },
    heartbeatTest: { hint: 'hint', allHold: (steps: number) => `all ${steps} steps hold` },
    fresh: {
      before: (newest: number) =>
        `--fresh begins anew: events of earlier runs, up to block ${newest}, stay and are listed; of the blocks that it reads again they are replaced`,
      after: (next: number, newest: number) =>
        `it was stopped before block ${next}: events from there up to block ${newest} are those of earlier runs, listed until a next run has read their blocks again`,
    },
  },
  {
    hidden: (names) => `未显示: ${names} (--wide 显示全部)`,
    variableMisspelt: (found, meant) => `${found} 不是设置项, 不起作用: 是否应为 ${meant}`,
    alert: {
      open: '未清除',
      cleared: '已清除',
      muted: '已静音',
      isMuted: (scope, until) => `${scope} 静音至 ${until}`,
      unmuted: (count) => `已取消 ${count} 项静音`,
    },
    calls: {
      more: (total) => `共 ${total} 条已存结果: --limit 可显示更多`,
      forgotten: (count) => `已删除 ${count} 条已存结果: 下一个需要它的事件会重新请求`,
    },
    pipeline: { enabled: '已启用', disabled: '已停用', parked: '已暂停', started: '已启动', held: '等待人工处理' },
    wanted: {
      started: (since) => `自 ${since} 起已启动: 由工作进程保持运行`,
      stopped: (since) => `自 ${since} 起已停止`,
      held: (reason) => `已启动, 等待人工处理: ${reason}`,
      again: (next, failures) =>
        failures === 0
          ? `已启动: 下一个任务将于 ${next} 排队`
          : `已启动: 连续 ${failures} 次无进展结束, 下一个任务将于 ${next} 排队`,
      scheduled: (next, skipped) =>
        skipped === null ? `已启动: 将于 ${next} 运行` : `已启动: 将于 ${next} 运行; ${skipped} 因仍在运行而跳过`,
      waits: (pipeline, next) => `流水线 ${pipeline} 已启动: 将于 ${next} 运行`,
      queued: (pipeline, task) => `流水线 ${pipeline} 已启动: 任务 ${task} 等待工作进程`,
      runsAlready: (pipeline) => `流水线 ${pipeline} 已启动: 已有任务在运行或等待`,
      stoppedNow: (pipeline, ended) => `流水线 ${pipeline} 已停止${ended === 0 ? '' : `: 结束了 ${ended} 个任务`}`,
    },
    migration: { applied: '已应用', pending: '待应用', newer: '由更新的版本创建' },
    heartbeatTest: { hint: '建议', allHold: (steps) => `${steps} 项全部通过` },
    fresh: {
      before: (newest) =>
        `--fresh 从头开始: 先前运行的事件 (至区块 ${newest}) 保留并照常列出; 被重新读取的区块的事件会被替换`,
      after: (next, newest) =>
        `在区块 ${next} 之前停止: 自该处至区块 ${newest} 的事件来自先前的运行, 照常列出, 直到下次运行重新读取`,
    },
  },
);

/** What sinks have delivered, and what people ask of them. */
export const sinks = inBoth(
  {
    state: { running: 'running', paused: 'paused', failing: 'failing', idle: 'idle' },
    paused: (sink: string) => `sink ${sink} is paused: what is stored waits for it`,
    resumed: (sink: string) =>
      `sink ${sink} delivers again with the next run, or within a few seconds of one that goes on`,
    replays: (sink: string, block: number) =>
      `sink ${sink} gets everything from block ${block} on again, with the next run or within a few seconds of one that goes on`,
    tried: (count: number) => `${count} ${count === 1 ? 'dead letter is' : 'dead letters are'} tried again`,
    dropped: (count: number) => `${count} ${count === 1 ? 'dead letter' : 'dead letters'} dropped`,
    delivers: (task: number) => `task ${task} delivers it: it waits for a worker, or the next run does`,
    more: (total: number) => `${total} dead letters in all: --limit shows more`,
    left: (name: string, type: string) => `sink ${name} (${type}): what it has delivered stays in its target as it is`,
  },
  {
    state: { running: '正在投递', paused: '已暂停', failing: '失败中', idle: '空闲' },
    paused: (sink) => `接收端 ${sink} 已暂停: 已存数据等待投递`,
    resumed: (sink) => `接收端 ${sink} 将在下次运行时继续投递 (正在运行则在数秒内)`,
    replays: (sink, block) => `接收端 ${sink} 将重新得到区块 ${block} 起的全部事件 (下次运行时, 正在运行则在数秒内)`,
    tried: (count) => `将重试 ${count} 条死信`,
    dropped: (count) => `已丢弃 ${count} 条死信`,
    delivers: (task) => `由任务 ${task} 投递: 等待工作进程, 或由下次运行投递`,
    more: (total) => `共 ${total} 条死信: --limit 可显示更多`,
    left: (name, type) => `接收端 ${name} (${type}): 已投递的内容原样保留在其目标中`,
  },
);

/** What a rollback would disturb. */
export const rollbacks = inBoth(
  {
    taskRuns: (task: number) =>
      `task ${task} runs: it, and what else works on the database, fails without what is taken back`,
  },
  { taskRuns: (task) => `任务 ${task} 正在运行: 回滚后它与其他使用该数据库的进程都会失败` },
);

/** The time zone of a database. */
export const timezones = inBoth(
  {
    kept: (zone: string) => `the database holds its times in ${zone} already`,
    changed: (zone: string, before: string) =>
      `the database holds its times in ${zone} now (before: ${before}): those that are stored stay as they are written, and are read in ${zone}`,
    assumed:
      'the tables hold tasks of an older program, and no time zone is set: their times are taken for UTC (+00:00); where it writes local time, run chainparse migrate --time-zone +08:00 (its offset) before anything else',
    settingDiffers: (set: string) =>
      `CHAINPARSE_DB_TIMEZONE (database_timezone) still says ${set}: processes that are set to it are refused; remove it`,
  },
  {
    kept: (zone) => `数据库时区已是 ${zone}`,
    changed: (zone, before) => `数据库时区由 ${before} 改为 ${zone}: 已存的时间不变, 自此均按 ${zone} 解读`,
    assumed:
      '表中有旧程序的任务, 且未设置时区: 其时间按 UTC (+00:00) 解读; 若旧程序写本地时间, 请先运行 chainparse migrate --time-zone +08:00',
    settingDiffers: (set) =>
      `CHAINPARSE_DB_TIMEZONE (database_timezone) 仍为 ${set}: 这样设置的进程会被拒绝, 请删除该设置`,
  },
);

/** A pipeline that was taken back. */
export const rewinds = inBoth(
  {
    done: (id: number, from: number, to: number, events: number, undecoded: number) =>
      `pipeline ${id} rewound from block ${from} to block ${to}: ${eventsAndLogs(events, undecoded)} taken back`,
    readAhead: (events: number) =>
      `what shards had read ahead (${events} ${plural(events, 'event', 'events')}) is given up: the next run reads it anew`,
    hashUnknown: (block: number) =>
      `the hash of block ${block} is not known: the next run can't check that the chain goes on from it; with --rpc-url the chain is asked`,
    next: (block: number, source: string) =>
      `the next run goes on at block ${block + 1}, and checks that it follows block ${block} by its hash, known from ${source}`,
    source: { chain: 'the chain', database: 'what is stored' },
  },
  {
    done: (id, from, to, events, undecoded) =>
      `流水线 ${id} 已从区块 ${from} 回退到区块 ${to}: 撤回 ${events} 个事件, ${undecoded} 条未解码日志`,
    readAhead: (events) => `分片预读的内容 (${events} 个事件) 已放弃: 下次运行重新读取`,
    hashUnknown: (block) => `区块 ${block} 的哈希未知: 下次运行无法核对链是否与其相接; 使用 --rpc-url 可向链查询`,
    next: (block, source) =>
      `下次运行从区块 ${block + 1} 继续, 并按哈希核对其是否与区块 ${block} 相接 (哈希来自${source})`,
    source: { chain: '链', database: '已存数据' },
  },
);

/** What an audit found. */
export const verifications = inBoth(
  {
    word: {
      missing: 'missing',
      extra: 'extra',
      different: 'different',
      found: 'found',
      repaired: 'repaired',
      doubtful: 'doubtful',
    },
    first: (shown: number, total: number) => `the first ${shown} of ${total}`,
    progress: (blocks: number, all: number, wrong: number) => `verified ${blocks} of ${all} blocks, ${wrong} wrong`,
    right: 'all rows are those of the chain',
    rightAsFarAsKnown: 'all rows are those that the endpoints give',
    wrong: (missing: number, extra: number, different: number, repaired: number) =>
      `${missing} missing, ${extra} extra, ${different} different; ${repaired} repaired`,
    summary: (of: VerifiedRange, outcome: string) =>
      `pipeline ${of.pipelineId}, blocks ${of.from} to ${of.to} (${of.blocks}), ${eventsAndLogs(of.events, of.undecoded)}: ${outcome}`,
    checkpointReplaced: 'the block of the checkpoint was replaced: the next run takes it back by itself',
    doubtful: (count: number) => `${count} are doubtful: what the endpoints say does not agree; give another --rpc-url`,
    doubtfulBlocks: (count: number) =>
      `of ${count} ${plural(count, 'block', 'blocks')} the bloom filter tells of logs that no endpoint gives, nor their receipts: they may be those of others; give another --rpc-url`,
    replacedBlocks: (count: number) =>
      `of ${count} ${plural(count, 'block', 'blocks')} the endpoints have others than the run has read: nothing of them is repaired; run the pipeline first, which takes back what the chain has replaced, and verify again`,
    unproven: (count: number, all: number) =>
      `${count} of ${all} blocks are not proven: no endpoint gave receipts that give the root in their headers`,
    repair: 'hint: --repair puts the rows right',
  },
  {
    word: { missing: '缺失', extra: '多余', different: '不同', found: '已发现', repaired: '已修复', doubtful: '存疑' },
    first: (shown, total) => `共 ${total} 处, 仅列前 ${shown} 处`,
    progress: (blocks, all, wrong) => `已核对 ${blocks}/${all} 个区块, ${wrong} 处有误`,
    right: '所有行与链一致',
    rightAsFarAsKnown: '所有行与端点给出的一致',
    wrong: (missing, extra, different, repaired) =>
      `缺失 ${missing}, 多余 ${extra}, 不同 ${different}; 已修复 ${repaired}`,
    summary: (of, outcome) =>
      `流水线 ${of.pipelineId}, 区块 ${of.from} 至 ${of.to} (${of.blocks} 个), ${of.events} 个事件, ${of.undecoded} 条未解码日志: ${outcome}`,
    checkpointReplaced: '检查点所在区块已被替换: 下次运行会自行回退',
    doubtful: (count) => `${count} 处存疑: 各端点说法不一; 请另给 --rpc-url`,
    doubtfulBlocks: (count) =>
      `${count} 个区块的布隆过滤器显示有日志, 但没有端点给出日志或收据: 可能属于其他合约; 请另给 --rpc-url`,
    replacedBlocks: (count) =>
      `${count} 个区块在端点上与运行时读取的不是同一个: 未作修复; 请先运行流水线 (它会回退链已替换的区块), 然后重新核对`,
    unproven: (count, all) => `${all} 个区块中有 ${count} 个未经证明: 没有端点给出与区块头根一致的收据`,
    repair: '建议: --repair 可修复',
  },
);

/** What an audit looked at. */
export interface VerifiedRange {
  readonly pipelineId: number;
  readonly from: number;
  readonly to: number;
  readonly blocks: number;
  readonly events: number;
  readonly undecoded: number;
}

function eventsAndLogs(events: number, undecoded: number): string {
  const logs = plural(undecoded, 'undecoded log', 'undecoded logs');
  return `${events} ${plural(events, 'event', 'events')} and ${undecoded} ${logs}`;
}
