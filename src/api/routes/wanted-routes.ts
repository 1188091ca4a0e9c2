import { wantedToJson } from '../../model/wanted.js';
import { changeWanted, type Wish } from '../../tasks/fleet/change-wanted.js';
import type { ApiParts } from '../api-parts.js';
import { route, type Route } from '../route.js';
import { idParams } from '../schemas/parameters.js';
import { changedWantedSchema } from '../schemas/pipeline-schemas.js';

const summaries: Readonly<Record<Wish, string>> = {
  start: 'Have the workers keep a pipeline running, whatever happens to its tasks; lets go what held it.',
  stop: "End a pipeline's tasks, and have nobody run it.",
  restart: 'Have the workers keep a pipeline running, and hand the task that runs over to a new one.',
};

/** The routes that say what is wanted of a pipeline. */
export function wantedRoutes({ database, settings }: ApiParts): readonly Route[] {
  return (['start', 'stop', 'restart'] as const).map((wish) =>
    route({
      method: 'POST',
      path: `/api/v1/pipeline/{id}/${wish}`,
      summary: summaries[wish],
      ...{ tag: 'pipelines', access: 'write', params: idParams, problems: [404, 409] },
      answer: { schema: changedWantedSchema },
      handle: async ({ params: { id } }) => {
        const changed = await changeWanted(database, id, wish, settings.heartbeatIntervalSeconds);
        const { wanted, queuedTaskId, ended } = changed;
        const json = { wanted: wantedToJson(wanted), queued_task_id: queuedTaskId, ended_tasks: ended };
        return { json: { pipeline_id: id, ...json } };
      },
    }),
  );
}
