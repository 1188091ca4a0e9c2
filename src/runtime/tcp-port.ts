import { z } from 'zod';

/** An address or a host's name. */
export const hostSchema = z.string().regex(/^[\w.:[\]%-]{1,255}$/, { error: 'is no address and no name of a host' });

/** A TCP port; 0 takes any that is free. */
export const portSchema: z.ZodType<number, string> = z
  .string()
  .regex(/^\d{1,5}$/, { error: 'is no port', abort: true })
  .transform(Number)
  .refine((value) => value <= 65_535, { error: 'must be at most 65535' });
