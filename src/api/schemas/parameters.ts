import { z } from 'zod';
import { isDay } from '../../model/instant.js';
import { maxId } from '../../model/pipeline.js';

/** Reads a whole number, written in decimal digits, within bounds that are both allowed. */
export function wholeNumber(min: number, max: number): z.ZodType<number, string> {
  const error = `is no whole number from ${min} to ${max}`;
  return z
    .string({ error })
    .regex(/^\d{1,16}$/, { error, abort: true })
    .transform(Number)
    .pipe(z.int({ error, abort: true }).min(min, { error }).max(max, { error }))
    .meta({ type: 'integer', minimum: min, maximum: max });
}

/** Reads an id. */
export const id = wholeNumber(1, maxId);

/** Reads a whole number of a body, within bounds that are both allowed. */
export function numberInBody(min: number, max: number): z.ZodInt {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** An id in a body. */
export const idInBody = numberInBody(1, maxId);

/** The id in a path. */
export const idParams = z.object({ id });

/** A block's number, as the columns hold it. */
export const maxBlock = Number.MAX_SAFE_INTEGER;

const instantForm = /^(\d{4}-\d\d-\d\d)(?:[T ]((?:[01]\d|2[0-3]):[0-5]\d)(:[0-5]\d)?)?$/;
const noInstant = "is no instant: write it as 2024-01-15T10:00:00, in the database's time zone";

/** Reads an instant in the database's time zone: `2024-01-15T10:00:00`, or a day; gives it as the columns hold it. */
export const instant: z.ZodType<string, string> = z
  .string({ error: noInstant })
  .regex(instantForm, { error: noInstant, abort: true })
  // A server refuses to compare with the 31st of February.
  .refine((text) => isDay(text.slice(0, 10)), { error: 'is no day of the calendar' })
  .transform((text) => {
    const [, day = '', time = '00:00', seconds = ':00'] = instantForm.exec(text) ?? [];
    return `${day} ${time}${seconds}`;
  })
  .pipe(z.string());

/** An instant as it is shown: in the database's time zone, no suffix. */
export const shownInstant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
