import { z } from 'zod';

/** A whole number; both bounds are included. A fraction hides nothing that is wrong with other keys, as zod's `int` does. */
export function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): z.ZodNumber {
  return z
    .number()
    .check(({ value, issues }) => {
      if (!Number.isInteger(value)) issues.push({ code: 'invalid_type', expected: 'int', input: value });
    })
    .min(min)
    .max(max)
    .meta({ type: 'integer' });
}

/** A number above zero, fractions allowed. */
export function positive(max: number): z.ZodNumber {
  return z.number().gt(0).max(max);
}
