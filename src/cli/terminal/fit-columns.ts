/** What a column of a table needs, in columns of a terminal. */
export interface ColumnNeed {
  readonly width: number;
  /** The width down to which it may be shortened. */
  readonly least: number;
  /** The larger, the sooner it is cut; 0: never. */
  readonly cut: number;
}

/** A column that is shown, by its place in the table, and how wide. */
export interface FittedColumn {
  readonly index: number;
  readonly width: number;
}

interface PlacedNeed extends ColumnNeed {
  readonly index: number;
}

/**
 * Chooses the columns that fit: the least important ones are cut until the others fit when they are shortened, then the
 * widest ones are. `roomFor` returns how wide the cells of so many columns may be together.
 */
export function fitColumns(
  needs: readonly ColumnNeed[],
  roomFor: (columns: number) => number,
): readonly FittedColumn[] {
  const kept = cutColumns(
    needs.map((need, index) => ({ ...need, index })),
    roomFor,
  );
  return shorten(kept, roomFor(kept.length));
}

function cutColumns(needs: readonly PlacedNeed[], roomFor: (columns: number) => number): readonly PlacedNeed[] {
  let kept = needs;
  while (sum(kept.map(({ least }) => least)) > roomFor(kept.length)) {
    const cuttable = kept.filter(({ cut }) => cut > 0);
    if (cuttable.length === 0) break;
    const first = cuttable.reduce((a, b) => (b.cut >= a.cut ? b : a));
    kept = kept.filter((need) => need !== first);
  }
  return kept;
}

function shorten(needs: readonly PlacedNeed[], room: number): readonly FittedColumn[] {
  const columns = needs.map(({ index, width, least }) => ({ index, width, least }));
  const widest = (floorOf: (column: (typeof columns)[number]) => number): (typeof columns)[number] | undefined =>
    columns.filter((column) => column.width > floorOf(column)).sort((a, b) => b.width - a.width)[0];
  for (let excess = sum(columns.map(({ width }) => width)) - room; excess > 0; excess--) {
    // A terminal may be too narrow even for what is never cut.
    const column = widest(({ least }) => least) ?? widest(() => 1);
    if (column === undefined) break;
    column.width--;
  }
  return columns.map(({ index, width }) => ({ index, width }));
}

/** Adds numbers up. */
export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
