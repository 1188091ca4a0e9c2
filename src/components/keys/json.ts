import { z } from 'zod';
import type { JsonValue } from '../../model/event-message.js';

/** What JSON holds; of what it does not hold YAML knows integers of any size, and `.nan`. */
export const json = z.custom<JsonValue>().superRefine((value, context) => {
  if (z.json().safeParse(value).success) return;
  const message = 'must be a text, a number, true, false, null, or a list or mapping of such';
  const hint = holdsLargeInteger(value) ? 'quote a whole number beyond 2^53: as a text it keeps each digit' : undefined;
  context.addIssue({ code: 'custom', message, params: { hint, shows: true } });
});

function holdsLargeInteger(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint';
  return Object.values(value).some(holdsLargeInteger);
}
