import { jsonText } from '../../model/event-message.js';
import type { EventMessage } from '../../model/event-message.js';

const member = '"args":';

/**
 * Returns an event's arguments as JSON: as they stand in its text, if that is how an event is written, for an object would not
 * keep names such as `1` in their places.
 */
export function argumentsText({ data }: EventMessage): string | null {
  if (data.argsJson !== undefined) return data.argsJson;
  const { text } = data;
  const start = text.indexOf('{', 1);
  // Within a text its quotes would have backslashes; and whatever is nested would have come with a brace before.
  if (start > 0 && text.startsWith(`,${member}`, start - member.length - 1)) {
    const end = endOfObject(text, start);
    if (end !== undefined) return text.slice(start, end);
  }
  const args = data.fields.get('args');
  return args === undefined || args === null ? null : jsonText(args);
}

const token = /"(?:[^"\\]|\\.)*"|[{}]/gs;

function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  token.lastIndex = start;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    if (found[0] === '{') depth += 1;
    if (found[0] === '}') depth -= 1;
    if (depth === 0) return token.lastIndex;
  }
  return undefined;
}
