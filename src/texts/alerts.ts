import { inBoth, plural } from './in-both.js';

/** What alerts say; `age` is how long it has been so, in words. */
export const alerts = inBoth(
  {
    named: (id: number | null, name: string) =>
      name === '' ? `pipeline ${id ?? '?'}` : `pipeline ${id ?? '?'} (${name})`,
    onWorker: (worker: string) => ` on ${worker}`,
    down: (pipeline: string, age: string, why: string) => `${pipeline} is down for ${age}: ${why}`,
    failed: (task: string, error: string) => `task ${task} failed${error && `: ${error}`}`,
    timedOut: (task: string) => `task ${task} fell silent and timed out`,
    notRunning: 'it should run, and nobody runs it',
    failures: (count: number) => `, ${count} failures in a row`,
    held: (reason: string) => `; it waits for a person: ${reason}`,
    waits: (reason: string) => `; it waits for ${reason}`,
    silent: (pipeline: string, task: string, where: string, age: string) =>
      `${pipeline} gives no sign of life for ${age}: task ${task}${where} is silent`,
    still: (pipeline: string, task: string, where: string, age: string) =>
      `${pipeline} has not moved for ${age}: task ${task}${where} stops beating`,
    manySilent: (tasks: number, task: string) =>
      `${tasks} running tasks are silent, such as task ${task}: chainparse tasks list --status running`,
    rpc: (endpoints: string, age: string, error: string, whose: string) =>
      `RPC ${endpoints} unreachable for ${age}: ${error} (${whose})`,
    rpcRefuses: (endpoints: string, age: string, error: string, whose: string) =>
      `RPC ${endpoints} answers, but has refused most calls for ${age}: ${error} (${whose})`,
    ofPipelines: (chain: string, count: number, ids: string) =>
      count === 0 ? chain : `${chain}; ${plural(count, 'pipeline', 'pipelines')} ${ids}`,
    lag: (pipeline: string, blocks: number, age: string) =>
      `${pipeline} is ${blocks} blocks behind the head, and has not gained for ${age}`,
    sinkBehind: (sink: string, pipeline: number, age: string, blocks: number, error: string) =>
      `sink ${sink} of pipeline ${pipeline} can't deliver for ${age}, and is ${blocks} blocks behind: ${error}`,
    deadLetters: (sink: string, pipeline: number, letters: number) =>
      `sink ${sink} of pipeline ${pipeline} has ${letters} dead letters: chainparse sink dead-letters list ${pipeline} ${sink}`,
    heartbeats: (failures: number, task: string, pipeline: number, error: string) =>
      `${failures} heartbeats of task ${task} (pipeline ${pipeline}) in a row have failed: ${error}`,
    timeoutRate: (timedOut: number, ended: number, minutes: number) =>
      `${timedOut} of ${ended} tasks that ended in the last ${minutes} min have timed out`,
    databaseAway: (age: string, error: string) => `the database can't be reached for ${age}: ${error}`,
    noMonitor: 'no monitor is alive: tasks that fall silent are not failed (chainparse monitor)',
  },
  {
    named: (id, name) => (name === '' ? `流水线 ${id ?? '?'}` : `流水线 ${id ?? '?'} (${name})`),
    onWorker: (worker) => ` (${worker})`,
    down: (pipeline, age, why) => `${pipeline} 已停运 ${age}: ${why}`,
    failed: (task, error) => `任务 ${task} 失败${error && `: ${error}`}`,
    timedOut: (task) => `任务 ${task} 静默并超时`,
    notRunning: '它应当运行, 但没有进程运行它',
    failures: (count) => `, 连续 ${count} 次失败`,
    held: (reason) => `; 等待人工处理: ${reason}`,
    waits: (reason) => `; 等待 ${reason}`,
    silent: (pipeline, task, where, age) => `${pipeline} 已有 ${age} 没有生命迹象: 任务 ${task}${where} 静默`,
    still: (pipeline, task, where, age) => `${pipeline} 已有 ${age} 没有进展: 任务 ${task}${where} 停止心跳`,
    manySilent: (tasks, task) =>
      `${tasks} 个运行中的任务静默, 例如任务 ${task}: chainparse tasks list --status running`,
    rpc: (endpoints, age, error, whose) => `RPC ${endpoints} 已有 ${age} 不可达: ${error} (${whose})`,
    rpcRefuses: (endpoints, age, error, whose) =>
      `RPC ${endpoints} 有应答, 但已有 ${age} 拒绝大多数请求: ${error} (${whose})`,
    ofPipelines: (chain, count, ids) => (count === 0 ? chain : `${chain}; 流水线 ${ids}`),
    lag: (pipeline, blocks, age) => `${pipeline} 落后最新区块 ${blocks} 个, 且已有 ${age} 没有追上`,
    sinkBehind: (sink, pipeline, age, blocks, error) =>
      `流水线 ${pipeline} 的接收端 ${sink} 已有 ${age} 无法投递, 落后 ${blocks} 个区块: ${error}`,
    deadLetters: (sink, pipeline, letters) =>
      `流水线 ${pipeline} 的接收端 ${sink} 有 ${letters} 条死信: chainparse sink dead-letters list ${pipeline} ${sink}`,
    heartbeats: (failures, task, pipeline, error) =>
      `任务 ${task} (流水线 ${pipeline}) 连续 ${failures} 次心跳失败: ${error}`,
    timeoutRate: (timedOut, ended, minutes) => `最近 ${minutes} 分钟结束的 ${ended} 个任务中有 ${timedOut} 个超时`,
    databaseAway: (age, error) => `数据库已有 ${age} 不可达: ${error}`,
    noMonitor: '没有存活的监控进程: 静默的任务不会被判为失败 (chainparse monitor)',
  },
);
