import type { UnloadedCommand } from './command-line/command.js';

/**
 * Every command of `chainparse`, in the order of `--help`. A command is one file of `commands/`; it is loaded when it is
 * called, so that `--help` waits for none.
 */
export const commandList: readonly UnloadedCommand[] = [
  {
    name: 'migrate',
    summary: 'bring the database to the newest schema',
    load: () => import('./commands/migrate.js'),
  },
  {
    name: 'run-pipeline',
    summary: 'run a pipeline in the foreground as one task',
    load: () => import('./commands/run-pipeline.js'),
  },
  { name: 'monitor', summary: 'fail the tasks that fell silent', load: () => import('./commands/monitor.js') },
  { name: 'serve', summary: 'serve the HTTP API and the dashboard', load: () => import('./commands/serve.js') },
  {
    name: 'worker',
    summary: 'run queued tasks, many at once, on as many hosts as wanted',
    load: () => import('./commands/worker.js'),
  },
  {
    name: 'workers',
    summary: 'see who runs tasks, and whether there is room',
    load: () => import('./commands/workers.js'),
  },
  { name: 'pipeline', summary: 'store, show and change pipelines', load: () => import('./commands/pipeline.js') },
  { name: 'abi', summary: 'store ABIs that definitions name as abi_id:N', load: () => import('./commands/abi.js') },
  {
    name: 'status',
    summary: 'show pipelines, running tasks, alerts and monitors on one screen',
    load: () => import('./commands/status.js'),
  },
  {
    name: 'tasks',
    summary: 'see and stop tasks: the runs of pipelines',
    load: () => import('./commands/tasks.js'),
  },
  {
    name: 'heartbeat',
    summary: 'prove that heartbeats work; beat for a program that shares the table',
    load: () => import('./commands/heartbeat.js'),
  },
  {
    name: 'sink',
    summary: 'see what sinks have delivered; pause them, send again, mind their dead letters',
    load: () => import('./commands/sink.js'),
  },
  { name: 'calls', summary: 'list and forget answers of contract calls', load: () => import('./commands/calls.js') },
  { name: 'alerts', summary: 'see, clear and test alerts', load: () => import('./commands/alerts.js') },
  { name: 'events', summary: 'see and export stored events', load: () => import('./commands/events.js') },
  {
    name: 'verify',
    summary: 'compare stored rows with the chain, and repair them where asked to',
    load: () => import('./commands/verify.js'),
  },
  {
    name: 'demo',
    summary: 'show the whole system at work in under a minute: no server, no network, nothing left behind',
    load: () => import('../../demo/demo.js'),
  },
  {
    name: 'config',
    summary: 'print every setting, its value and where it came from',
    load: () => import('./commands/config.js'),
  },
  {
    name: 'completion',
    summary: 'print the completion script of a shell',
    load: () => import('./commands/completion.js'),
  },
];
