import { amountProblem, week } from '../../settings/amount.js';
import { UsageError } from '../../runtime/errors.js';
import type { Problems } from '../../runtime/problems.js';
import type { Command } from './command.js';
import type { ArgumentSpec, OptionSpec } from '../context/command-outline.js';
import { longFlag, optionName } from './options.js';

/** Returns the values of a command's arguments and options, numbers as numbers; each wrong one is a problem. */
export function checkValues(
  command: Pick<Command, 'arguments' | 'options'>,
  written: Readonly<Record<string, unknown>>,
  problems: Problems,
): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  const check = (name: string, spec: OptionSpec | ArgumentSpec, value: unknown): unknown =>
    problems.collect(() => checkValue(name, spec, value));
  for (const argument of command.arguments ?? []) {
    values[argument.name] = check(argument.name, argument, written[argument.name]);
  }
  for (const option of command.options ?? []) {
    const key = optionName(option);
    if (written[key] !== undefined) values[key] = check(longFlag(option), option, written[key]);
  }
  return values;
}

function checkValue(name: string, { kind, choices }: OptionSpec | ArgumentSpec, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (choices !== undefined) {
    const choice = choices.find((each) => each.toLowerCase() === value.toLowerCase());
    if (choice !== undefined) return choice;
    throw new UsageError(`${name} '${value}' is not one of ${choices.join(', ')}`);
  }
  // It would be taken for the working folder.
  if (kind === 'path' && value === '') throw new UsageError(`${name} is empty`, { hint: 'write the path of a file' });
  // A script's variable that is not set names no pipeline that might not be there.
  if (kind === 'pipeline' && value.trim() === '')
    throw new UsageError(`${name} is empty`, { hint: "write the pipeline's id or name" });
  if (kind === 'path' || kind === undefined || kind === 'text' || kind === 'sink') return value;
  if (kind === 'pipeline' && !/^\d+$/.test(value)) return value;
  return kind === 'seconds' ? checkSeconds(name, value) : checkNumber(name, kind === 'number' ? 0 : 1, value);
}

/** Reads a whole number from 0, or 1, on; throws UsageError. */
export function checkNumber(name: string, least: 0 | 1, value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < least) {
    throw new UsageError(`${name} '${value}' is no whole number from ${least} on`);
  }
  if (Number.isSafeInteger(number)) return number;
  throw new UsageError(`${name} '${value}' is too large: ${Number.MAX_SAFE_INTEGER} at most`);
}

function checkSeconds(name: string, value: string): number {
  const problem = amountProblem(value, 'seconds', week);
  if (problem === null) return Number(value);
  throw new UsageError(`${name} '${value}' ${problem}`, { hint: 'write seconds, such as 2 or 0.5' });
}
