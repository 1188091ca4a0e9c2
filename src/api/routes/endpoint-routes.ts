import { z } from 'zod';
import { EndpointStore } from '../../database/operations/endpoint-store.js';
import { endpointStates, endpointToJson } from '../../model/rpc-endpoint.js';
import type { ApiParts } from '../api-parts.js';
import { route, type Route } from '../route.js';
import { shownInstant, wholeNumber } from '../schemas/parameters.js';

const listQuery = z.object({
  chain_id: wholeNumber(1, 999_999_999_999_999).optional(),
  limit: wholeNumber(1, 200).default(100),
});

const endpointSchema = z
  .strictObject({
    chain_id: z.int(),
    endpoint: z.string().describe('its host, numbered where one host has several'),
    worker: z.string().describe('host:pid of the process that asks it'),
    state: z.enum(endpointStates),
    stale: z.boolean().describe('its last reports did not come: what stands here may no longer be so'),
    update_time: shownInstant,
    age_seconds: z.int(),
    head_ms: z.number().nullable().describe('how long a call for the head takes'),
    logs_ms: z.number().nullable().describe('how long a call for logs takes'),
    error_rate: z.number().describe('failures among the latest calls, from 0 to 1'),
    in_flight: z.int(),
    max_in_flight: z.int().nullable().describe('null: no limit is known'),
    max_per_second: z.number().nullable().describe('null: no limit is known'),
    newest_block: z.int().nullable().describe('of those that it has told of'),
    requests: z.int().describe('since the run began'),
    failures: z.int().describe('requests that failed or were refused'),
    last_error: z.string().nullable(),
    last_error_time: shownInstant.nullable(),
  })
  .meta({ id: 'RpcEndpoint' });

/** The routes about RPC endpoints. */
export function endpointRoutes({ database }: ApiParts): readonly Route[] {
  const store = new EndpointStore(database);
  return [
    route({
      method: 'GET',
      path: '/api/v1/endpoints',
      summary: 'List RPC endpoints by chain, each as every process that asks it has reported it.',
      ...{ tag: 'endpoints', access: 'read', query: listQuery },
      answer: { schema: z.strictObject({ endpoints: z.array(endpointSchema), total: z.int() }) },
      handle: async ({ query: { chain_id: chainId, limit } }) => {
        const { endpoints, total } = await store.list({ chainId, limit });
        return { json: { endpoints: endpoints.map(endpointToJson), total } };
      },
    }),
  ];
}
