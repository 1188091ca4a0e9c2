import { z } from 'zod';
import { positive, whole } from '../../components/keys/numbers.js';
import { notBoth, together } from '../../components/keys/together.js';
import { silenceLimit } from '../../runtime/silence.js';
import { nameProblem } from './pipeline-name.js';

/** About ten years. */
const maxTimeoutMinutes = 5_000_000;
const maxTextLength = 60_000;
/** What an INT column holds. */
const maxId = 2_147_483_647;

/** Returns the schema of a definition's own keys; its components are judged by their kinds. */
export function definitionSchema(heartbeatIntervalSeconds: number) {
  const keys = z.strictObject({
    id: whole(1, maxId).optional(),
    name: pipelineName().optional(),
    pipeline_name: pipelineName().optional(),
    classification_id: whole(0, maxId).optional(),
    description: z.string().max(maxTextLength).optional(),
    timeout_minutes: timeout(heartbeatIntervalSeconds).optional(),
    components: z.array(z.unknown()).default([]),
  });
  return together(keys, (look) => {
    notBoth(look, 'name', 'pipeline_name');
    if (!look.isGiven('name') && !look.isGiven('pipeline_name')) look.tell('name', 'is required');
    if (look.right.components?.length === 0) {
      look.tell('components', 'must list at least one component, the source first');
    }
  });
}

function pipelineName() {
  return z
    .string()
    .trim()
    .superRefine((name, context) => {
      const problem = nameProblem(name);
      if (problem !== null) context.addIssue(problem);
    });
}

function timeout(heartbeatIntervalSeconds: number) {
  const shortestSeconds = silenceLimit(heartbeatIntervalSeconds);
  const reason = `a run that lives would be failed: it must be three heartbeat intervals or more (${shortestSeconds} s)`;
  return positive(maxTimeoutMinutes).superRefine((minutes, context) => {
    if (minutes * 60 < shortestSeconds) context.addIssue(`${minutes} min is too short: ${reason}`);
  });
}
