import { printableLine } from '../../runtime/printable.js';
import { jsonText } from '../../model/event-message.js';
import type { JsonValue } from '../../model/event-message.js';
import type { PreviewedEvent } from '../../tasks/preview/preview-stages.js';
import { displayWidth } from '../terminal/display-width.js';
import { fitColumns } from '../terminal/fit-columns.js';
import { shortenText } from '../terminal/fit-text.js';

/** Between two columns. */
const gap = '  ';

/** The width down to which a value is shortened: what matters is which field gets which. */
const leastValue = 12;

type Fields = ReadonlyMap<string, JsonValue>;

/**
 * Returns the lines of a preview: for each event a table, with a row for each field and a column for each stage. Values are
 * shortened where they must fit `width` columns of a terminal; undefined: they need not.
 */
export function previewLines(previewed: readonly PreviewedEvent[], width: number | undefined): readonly string[] {
  return previewed.flatMap(({ event, steps }, position) => {
    const columns = [
      { heading: event.eventName === '' ? 'event' : event.eventName, fields: flat(event.data.fields) },
      ...steps.map(({ name, data }) => ({ heading: name, fields: data === null ? null : flat(data.fields) })),
    ];
    const keys = [...new Set(columns.flatMap(({ fields }) => [...(fields ?? new Map<string, JsonValue>()).keys()]))];
    const rows = keys.map((key) => [key, ...columns.map(({ fields }) => cell(fields, key))]);
    const table = [['', ...columns.map(({ heading }) => heading)], ...rows];
    return [...(position === 0 ? [] : ['']), ...aligned(table, width)];
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
  return printableLine(typeof value === 'string' ? value : jsonText(value));
}

function aligned(rows: readonly (readonly string[])[], width: number | undefined): readonly string[] {
  const natural = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((row) => displayWidth(row[column] ?? ''))),
  );
  const widths = width === undefined ? natural : fitted(natural, width);
  return rows.map((row) =>
    row
      .map((text, column) => padded(text, widths[column] ?? 0))
      .join(gap)
      .trimEnd(),
  );
}

/** The names of fields stay whole. */
function fitted(natural: readonly number[], width: number): readonly number[] {
  const needs = natural.map((each, column) => ({
    // What is wider than the terminal is shortened in any case.
    width: Math.min(each, width),
    least: column === 0 ? each : Math.min(each, leastValue),
    cut: 0,
  }));
  return fitColumns(needs, (columns) => width - gap.length * (columns - 1)).map((column) => column.width);
}

function padded(text: string, width: number): string {
  const short = shortenText(text, width);
  return short + ' '.repeat(Math.max(0, width - displayWidth(short)));
}
