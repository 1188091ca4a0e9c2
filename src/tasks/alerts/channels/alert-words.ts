import type { AlertMessage } from '../alert-message.js';

/** What a message says to people, in short. */
export interface AlertWords {
  /** `CRITICAL pipeline_down`, `OVER lag`, `TEST`. */
  readonly title: string;
  readonly text: string;
  /** Null: it leads nowhere. */
  readonly link: string | null;
}

/** Returns what a message says to people. */
export function wordsOf({ type, data }: AlertMessage): AlertWords {
  const again = type === 'alert.repeated' ? ' (still)' : '';
  const title = data.state === 'cleared' ? `OVER ${data.rule}` : `${data.severity.toUpperCase()} ${data.rule}${again}`;
  return { title: type === 'alert.test' ? 'TEST' : title, text: data.message, link: data.link };
}

/** Cuts a text to what a receiver takes, at no half of a character. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
