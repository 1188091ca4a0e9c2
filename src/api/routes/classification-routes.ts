import { ClassificationStore } from '../../database/pipelines/classification-store.js';
import { PipelineStore, type PipelineSummary } from '../../database/pipelines/pipeline-store.js';
import type { Classification } from '../../model/classification.js';
import { pipelineSummaryToJson } from '../../tasks/views/pipeline-json.js';
import { z } from 'zod';
import type { ApiParts } from '../api-parts.js';
import { route, type Route } from '../route.js';
import { idParams } from '../schemas/parameters.js';
import { classificationBody, classificationSchema, treeSchema } from '../schemas/pipeline-schemas.js';
import { groupBy } from '../../runtime/group-by.js';

const tag = 'classification';
const base = '/api/v1/pipeline';
const answer = { schema: classificationSchema };

/** The routes about the tree that pipelines are sorted into. */
export function classificationRoutes({ database }: ApiParts): readonly Route[] {
  const store = new ClassificationStore(database);
  const shown = async (id: number): Promise<object> => classificationToJson(await store.get(id));
  return [
    route({
      method: 'GET',
      path: `${base}/tree`,
      summary: 'Show the tree of classifications with the pipelines in it.',
      ...{ tag, access: 'read', answer: { schema: treeSchema } },
      handle: async () => ({ json: growTree(await store.list(), await new PipelineStore(database).list()) }),
    }),
    route({
      method: 'GET',
      path: `${base}/classification`,
      summary: 'List all classifications.',
      ...{
        tag,
        access: 'read',
        answer: { schema: z.strictObject({ classifications: z.array(classificationSchema) }) },
      },
      handle: async () => ({ json: { classifications: (await store.list()).map(classificationToJson) } }),
    }),
    route({
      method: 'POST',
      path: `${base}/classification`,
      summary: 'Add a classification.',
      ...{ tag, access: 'write', body: classificationBody, answer: { ...answer, status: 201 }, problems: [404] },
      handle: async ({ body }) => ({
        status: 201,
        json: await shown(await store.add({ name: body.name, parentId: body.parent_id })),
      }),
    }),
    route({
      method: 'PUT',
      path: `${base}/classification/{id}`,
      summary: 'Rename a classification, or hang it elsewhere.',
      ...{ tag, access: 'write', params: idParams, body: classificationBody, answer, problems: [404, 409] },
      handle: async ({ params, body }) => {
        await store.change(params.id, { name: body.name, parentId: body.parent_id });
        return { json: await shown(params.id) };
      },
    }),
    route({
      method: 'DELETE',
      path: `${base}/classification/{id}`,
      summary: 'Delete a classification that is empty.',
      ...{ tag, access: 'write', params: idParams, answer, problems: [404, 409] },
      handle: async ({ params }) => {
        const json = await shown(params.id);
        await store.delete(params.id);
        return { json };
      },
    }),
  ];
}

function classificationToJson(node: Classification): object {
  const { id, parentId, name, createTime, updateTime } = node;
  return { classification_id: id, parent_id: parentId, name, create_time: createTime, update_time: updateTime };
}

/** Nodes whose parent is gone, or that lie in themselves, stand at the top: what is there is shown. */
function growTree(nodes: readonly Classification[], pipelines: readonly PipelineSummary[]): object {
  const known = new Set<number | null>(nodes.map(({ id }) => id));
  const children = groupBy(nodes, ({ parentId }) => (known.has(parentId) ? parentId : null));
  const sorted = groupBy(pipelines, ({ classificationId }) => (known.has(classificationId) ? classificationId : null));
  const planted = new Set<number>();
  const grow = (node: Classification): object => {
    planted.add(node.id);
    const below = (children.get(node.id) ?? []).filter(({ id }) => !planted.has(id));
    const own = (sorted.get(node.id) ?? []).map(pipelineSummaryToJson);
    return { ...classificationToJson(node), pipelines: own, children: below.map(grow) };
  };
  const roots = (children.get(null) ?? []).map(grow);
  const adrift = nodes.flatMap((node) => (planted.has(node.id) ? [] : [grow(node)]));
  return { tree: [...roots, ...adrift], unclassified: (sorted.get(null) ?? []).map(pipelineSummaryToJson) };
}
