import { z } from 'zod';
import { WorkerStore } from '../../database/operations/worker-store.js';
import { workerStates, workerToJson } from '../../model/worker.js';
import type { ApiParts } from '../api-parts.js';
import { route, type Route } from '../route.js';
import { shownInstant, wholeNumber } from '../schemas/parameters.js';

const listQuery = z.object({ limit: wholeNumber(1, 500).default(100) });

const workerSchema = z
  .strictObject({
    name: z.string().describe('host:pid'),
    state: z
      .enum(workerStates)
      .describe("silent: no sign of life for three of its beats, or one that lies ahead of the database's clock"),
    host: z.string().nullable(),
    version: z.string().nullable(),
    running: z.int(),
    capacity: z.int().describe('tasks that it runs at one time, at most'),
    chains: z.array(z.string()).nullable().describe('those it has RPC URLs for; null: one URL for whatever chain'),
    task_ids: z.array(z.int()).describe('the tasks that it runs'),
    create_time: shownInstant,
    last_heartbeat: shownInstant,
    heartbeat_age_seconds: z.int().describe("below zero: its last sign of life lies ahead of the database's clock"),
    end_time: shownInstant.nullable(),
  })
  .meta({ id: 'Worker' });

/** The routes about workers. */
export function workerRoutes({ database }: ApiParts): readonly Route[] {
  const store = new WorkerStore(database);
  return [
    route({
      method: 'GET',
      path: '/api/v1/workers',
      summary: 'List workers, those that have not ended first, then by their latest sign of life.',
      ...{ tag: 'workers', access: 'read', query: listQuery },
      answer: { schema: z.strictObject({ workers: z.array(workerSchema), total: z.int() }) },
      handle: async ({ query: { limit } }) => {
        const { workers, total } = await store.list(limit);
        return { json: { workers: workers.map(workerToJson), total } };
      },
    }),
  ];
}
