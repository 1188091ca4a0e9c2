import type { JsonValue, MessageData } from '../../model/event-message.js';

type Arguments = Readonly<Record<string, JsonValue | undefined>>;

const before = ',"args":';

/**
 * Returns the arguments of an event. Where nothing else of it is wanted, only their text is parsed: they stand at the end of
 * what a source's events are written as, and no other object comes before them.
 */
export function argumentsOf(data: MessageData, isAll: boolean): Arguments {
  return (isAll ? parseEnd(data.text) : undefined) ?? ((data.fields.get('args') ?? {}) as Arguments);
}

function parseEnd(text: string): Arguments | undefined {
  const begin = text.indexOf('{', 1);
  if (begin < before.length || !text.startsWith(before, begin - before.length)) return undefined;
  try {
    return JSON.parse(text.slice(begin, -1)) as Arguments;
  } catch {
    // Something stands behind them.
    return undefined;
  }
}
