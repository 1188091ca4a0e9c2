import type { z } from 'zod';

type Issue = z.core.$ZodRawIssue;

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
};

/** Says what is wrong with a value, where its schema does not say it in its own words. */
export function issueText(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return typeof issue.input === 'bigint' ? (boundsText(issue) ?? typeText(issue)) : typeText(issue);
    case 'too_small':
      if (issue.origin === 'string')
        return issue.minimum === 1 ? 'is empty' : `is shorter than ${issue.minimum} characters`;
      return issue.origin === 'array' ? `must list at least ${issue.minimum}` : boundsText(issue);
    case 'too_big':
      if (issue.origin === 'string') return `is longer than ${issue.maximum} characters`;
      return issue.origin === 'array' ? `must list at most ${issue.maximum}` : boundsText(issue);
    case 'invalid_value':
      return `must be ${issue.values.map(String).join(' or ')}`;
    case 'invalid_format':
      return 'is not written as it must be';
    default:
      return undefined;
  }
}

function typeText(issue: Issue & { readonly code: 'invalid_type' }): string {
  const expected = (issue.schema as z.ZodType | undefined)?.meta()?.['type'] === 'integer' ? 'int' : issue.expected;
  return `must be ${typeNames[expected] ?? expected}`;
}

/** Both bounds, whichever was crossed. */
function boundsText(issue: Issue): string | undefined {
  const { checks = [] } = (issue.schema?._zod.def ?? {}) as { readonly checks?: readonly z.core.$ZodCheck[] };
  const bounds = checks.map((check) => check._zod.def as Partial<Bound>);
  const min = bounds.find(({ check }) => check === 'greater_than');
  const max = bounds.find(({ check }) => check === 'less_than')?.value;
  if (min?.inclusive === false)
    return `must be more than ${min.value}${max === undefined ? '' : ` and at most ${max}`}`;
  if (min !== undefined && max !== undefined) return `must be from ${min.value} to ${max}`;
  if (min !== undefined) return `must be at least ${min.value}`;
  return max === undefined ? undefined : `must be at most ${max}`;
}

interface Bound {
  readonly check: string;
  readonly value: number;
  readonly inclusive: boolean;
}
