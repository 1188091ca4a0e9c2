import { printable } from '../../runtime/printable.js';

/** Renders a JSON line of a task's log for people: local time, level, message. Other lines stay as they are. */
export function renderLogLine(line: string): string {
  return printable(renderJson(line) ?? line).replace(/\n/g, ' ');
}

/** Renders a line of a task's log for programs: a JSON object stays as it is, anything else becomes the message of one. */
export function jsonLogLine(line: string): string {
  return isJsonObject(line) ? line : JSON.stringify({ msg: line });
}

function isJsonObject(line: string): boolean {
  try {
    return line.startsWith('{') && JSON.parse(line) !== null;
  } catch {
    return false;
  }
}

function renderJson(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { time, level, msg } = JSON.parse(line) as Record<string, unknown>;
    if (typeof msg !== 'string') return undefined;
    // Other programs write logs, too, and need not say when, or how grave it is.
    const parts = [time === undefined ? '' : localTime(time), typeof level === 'string' ? level.padEnd(5) : '', msg];
    return parts.filter((part) => part !== '').join(' ');
  } catch {
    return undefined;
  }
}

/** Returns `2024-01-15 10:05:30` in this computer's time zone, whose text form Swedish shares with ISO 8601; what is no time stays as it is. */
export function localTime(time: unknown): string {
  const date = new Date(typeof time === 'number' ? time : String(time));
  return Number.isNaN(date.getTime()) ? String(time) : date.toLocaleString('sv-SE');
}
