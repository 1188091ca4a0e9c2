import { z } from 'zod';

/** A whole number; both bounds are included. */
export function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): z.ZodInt {
  return z.int().min(min).max(max);
}

/** A number above zero, fractions allowed. */
export function positive(max: number): z.ZodNumber {
  return z.number().gt(0).max(max);
}
