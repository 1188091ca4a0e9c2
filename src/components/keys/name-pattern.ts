import { line } from './texts.js';

const placeholder = '{event_name}';
const known = /\$\{[^{}]*\}|\{event_name\}/g;

/** The name of a stream, a subject or a routing key, in which `{event_name}` may stand. */
export function namePattern(maxLength: number) {
  return line(maxLength).refine((text) => !/[{}]/.test(text.replace(known, '')), {
    error: `may hold ${placeholder} and variables (\${NAME}), and no other braces`,
  });
}

/** Returns the name that a pattern gives for an event. */
export function nameFor(pattern: string, eventName: string): string {
  return pattern.replaceAll(placeholder, () => eventName);
}
