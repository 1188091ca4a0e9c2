import type { QueryPlan } from '../../driver.js';
import { rowsOf } from './postgres-values.js';

interface PlanNode {
  readonly 'Index Name'?: string;
  readonly 'Plan Rows'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Reads how a query would be run out of the answer to EXPLAIN in JSON. */
export function readPlan(answer: unknown): QueryPlan {
  const [row] = rowsOf(answer) as readonly { readonly 'QUERY PLAN': string }[];
  const [{ Plan: plan }] = JSON.parse(row?.['QUERY PLAN'] ?? '[{"Plan":{}}]') as [{ readonly Plan: PlanNode }];
  const nodes = [...walk(plan)];
  const index = nodes.find((node) => node['Index Name'] !== undefined)?.['Index Name'] ?? null;
  return { index: index?.endsWith('_pkey') === true ? null : index, rows: nodes.at(-1)?.['Plan Rows'] ?? null };
}

function* walk(node: PlanNode): Generator<PlanNode> {
  yield node;
  for (const part of node.Plans ?? []) yield* walk(part);
}
