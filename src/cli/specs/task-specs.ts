import type { ArgumentSpec } from '../command-line/command-outline.js';
import type { CommandSpec } from '../command-line/command-spec.js';

const id: ArgumentSpec = { name: 'id', description: "the task's id", kind: 'id' };
const load = () => import('../commands/tasks.js');

/** Commands about tasks. */
export const taskSpecs: readonly CommandSpec[] = [
  {
    name: 'tasks',
    summary: 'see and stop tasks: the runs of pipelines',
    commands: [
      {
        name: 'list',
        summary: 'list tasks, newest first',
        options: [
          {
            flags: '--status <status>',
            description: 'only those with this status',
            choices: ['running', 'succeeded', 'failed', 'queued', '0', '1', '2', '3'],
          },
          { flags: '--pipeline <id>', description: 'only those of this pipeline, by id or name', kind: 'pipeline' },
          { flags: '--limit <n>', description: 'how many; 20 where left out', kind: 'id' },
          { flags: '--page <n>', description: 'which page of so many; 1 where left out', kind: 'id' },
          { flags: '-w, --watch', description: 'show it anew every 2 seconds, until Ctrl-C' },
        ],
        stopsGracefully: true,
        load: async () => (await load()).listTasks,
      },
      { name: 'show', summary: 'show a task', arguments: [id], load: async () => (await load()).showTask },
      {
        name: 'log',
        summary: "print a task's log",
        arguments: [id],
        options: [
          { flags: '-f, --follow', description: 'go on until the task has ended, or Ctrl-C' },
          { flags: '-n, --lines <n>', description: 'only the last lines; all where left out', kind: 'number' },
        ],
        stopsGracefully: true,
        load: async () => (await import('../commands/task-log.js')).printTaskLog,
      },
      {
        name: 'cancel',
        summary: 'stop a task: its process ends at its next heartbeat or commit',
        arguments: [id],
        load: async () => (await load()).stopTask,
      },
      {
        name: 'stats',
        summary: 'count tasks',
        options: [
          {
            flags: '--longer-than <minutes>',
            description: 'count those that run for longer; 60 where left out',
            kind: 'id',
          },
          { flags: '--window <minutes>', description: 'count those that ended of late; 60 where left out', kind: 'id' },
        ],
        load: async () => (await import('../commands/task-stats.js')).showStats,
      },
    ],
  },
];
