import { z } from 'zod';
import { positive, whole } from '../../components/keys/numbers.js';
import { choice, line } from '../../components/keys/texts.js';
import { notBoth, together } from '../../components/keys/together.js';
import { maxId, restarts } from '../../model/pipeline.js';
import { isTimeZone } from '../../model/wall-clock.js';
import { nearest } from '../../runtime/nearest.js';
import { silenceLimit } from '../../runtime/silence.js';
import { nameProblem } from './pipeline-name.js';

/** About ten years. */
const maxTimeoutMinutes = 5_000_000;
/** A TEXT column of MySQL and MariaDB holds 65,535. */
const maxTextBytes = 60_000;

/** What reaches a component is found by a look at all above it. */
export const mostComponents = 200;

/** Returns the schema of a definition's own keys; its components are judged by their kinds. */
export function definitionSchema(heartbeatIntervalSeconds: number) {
  const keys = z.strictObject({
    id: whole(1, maxId).optional(),
    name: pipelineName().optional(),
    pipeline_name: pipelineName().optional(),
    classification_id: whole(0, maxId).optional(),
    description: text().optional(),
    timeout_minutes: timeout(heartbeatIntervalSeconds).optional(),
    restart: choice(restarts).optional(),
    schedule: cron().optional(),
    time_zone: timeZone().optional(),
    components: z.array(z.unknown()).max(mostComponents).default([]),
  });
  return together(keys, (look) => {
    notBoth(look, 'name', 'pipeline_name');
    if (!look.isGiven('name') && !look.isGiven('pipeline_name')) look.tell('name', 'is required');
    if (look.isGiven('time_zone') && !look.isGiven('schedule'))
      look.tell('time_zone', 'has no meaning without schedule');
    if (look.right.components?.length === 0) {
      look.tell('components', 'must list at least one component, the source first');
    }
  });
}

function text() {
  const error = `is longer than ${maxTextBytes} bytes of UTF-8`;
  return z
    .string()
    .refine((written) => Buffer.byteLength(written) <= maxTextBytes, { error })
    .refine((written) => !written.includes('\0'), {
      error: 'has the character U+0000, which PostgreSQL does not hold',
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

/** Loads node-cron where a schedule is given. */
function cron() {
  return line(255).superRefine(async (expression, context) => {
    const problem = (await import('../../model/cron-schedule.js')).cronProblem(expression);
    if (problem !== null) context.addIssue(`${JSON.stringify(expression)} is no schedule: ${problem}`);
  });
}

function timeZone() {
  return line(64).superRefine((name, context) => {
    if (isTimeZone(name)) return;
    const closest = nearest(name, Intl.supportedValuesOf('timeZone')) ?? 'UTC';
    context.addIssue(`there is no time zone ${JSON.stringify(name)}; the nearest known one is ${closest}`);
  });
}

function timeout(heartbeatIntervalSeconds: number) {
  const shortestSeconds = silenceLimit(heartbeatIntervalSeconds);
  const reason = `a run that lives would be failed: it must be three heartbeat intervals or more (${shortestSeconds} s)`;
  return positive(maxTimeoutMinutes).superRefine((minutes, context) => {
    if (minutes * 60 < shortestSeconds) context.addIssue(`${minutes} min is too short: ${reason}`);
  });
}
