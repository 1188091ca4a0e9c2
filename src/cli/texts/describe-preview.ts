import { jsonText } from '../../model/event-message.js';
import type { JsonValue } from '../../model/event-message.js';
import type { PreviewedEvent } from '../../tasks/preview/preview-stages.js';
import { displayWidth } from '../terminal/display-width.js';

/** Longer values are cut: what matters is which field gets which. */
const longestCell = 44;

type Fields = ReadonlyMap<string, JsonValue>;

/** Returns the lines of a preview: for each event a table, with a row for each field and a column for each stage. */
export function previewLines(previewed: readonly PreviewedEvent[]): readonly string[] {
  return previewed.flatMap(({ event, steps }, position) => {
    const columns = [
      { heading: event.eventName === '' ? 'event' : event.eventName, fields: flat(event.data.fields) },
      ...steps.map(({ name, data }) => ({ heading: name, fields: data === null ? null : flat(data.fields) })),
    ];
    const keys = [...new Set(columns.flatMap(({ fields }) => [...(fields ?? new Map<string, JsonValue>()).keys()]))];
    const rows = keys.map((key) => [key, ...columns.map(({ fields }) => cell(fields, key))]);
    const table = [['', ...columns.map(({ heading }) => heading)], ...rows];
    return [...(position === 0 ? [] : ['']), ...aligned(table)];
  });
}

/** An event's arguments each have a row. */
function flat(fields: Fields): Fields {
  return new Map(
    [...fields].flatMap(([key, value]): (readonly [string, JsonValue])[] => {
      const isArguments = key === 'args' && typeof value === 'object' && value !== null && !Array.isArray(value);
      return isArguments
        ? Object.entries(value).map(([name, each]): readonly [string, JsonValue] => [`args.${name}`, each])
        : [[key, value]];
    }),
  );
}

function cell(fields: Fields | null, key: string): string {
  if (fields === null) return '(left out)';
  const value = fields.get(key);
  if (value === undefined) return '-';
  const text = typeof value === 'string' ? value : jsonText(value);
  return text.length > longestCell ? `${text.slice(0, longestCell - 1)}…` : text;
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((row) => displayWidth(row[column] ?? ''))),
  );
  return rows.map((row) =>
    row
      .map((text, column) => text + ' '.repeat(Math.max(0, (widths[column] ?? 0) - displayWidth(text))))
      .join('  ')
      .trimEnd(),
  );
}
