import { z } from 'zod';
import { amountProblem } from './amount.js';
import type { ConfigFileKey } from './config-file.js';

/** One setting: its names in each kind of source, what it may hold, and its default. */
export interface SettingDefinition<T> {
  /** What people call it, in errors. */
  readonly title: string;
  /** Its camel-case name on the command line. */
  readonly flag: string | undefined;
  readonly variable: string;
  readonly key: ConfigFileKey;
  readonly default: string;
  /** Reads the text; its issues say what is wrong. */
  readonly schema: z.ZodType<T, string>;
  /** What to write instead. */
  readonly hint: string;
  /** Makes a text safe to show. */
  readonly show?: (text: string) => string;
}

/** Infers a definition's type. */
export function define<T>(definition: SettingDefinition<T>): SettingDefinition<T> {
  return definition;
}

/** Reads a number above zero and at most `max`; fractions are allowed. */
export function amount(unit: string, max: number): z.ZodType<number, string> {
  return z.string().transform((text, context) => {
    const problem = amountProblem(text, unit, max);
    if (problem === null) return Number(text);
    context.addIssue(problem);
    return z.NEVER;
  });
}

/** Reads a number as `amount` does, or zero. */
export function amountOrNone(unit: string, max: number): z.ZodType<number, string> {
  return z.string().transform((text, context) => {
    const problem = /^0+(\.0+)?$/.test(text) ? null : amountProblem(text, unit, max);
    if (problem === null) return Number(text);
    context.addIssue(problem);
    return z.NEVER;
  });
}

/** Reads one of some words, in capitals or not. */
export function oneOf<T extends string>(
  values: readonly T[],
  aliases: Readonly<Record<string, T>> = {},
): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const name = text.toLowerCase();
    const value = values.find((candidate) => candidate === name) ?? aliases[name];
    if (value !== undefined) return value;
    context.addIssue(`is not one of ${values.join(', ')}`);
    return z.NEVER;
  });
}
