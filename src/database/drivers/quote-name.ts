/** Where a table is; without a schema where its name leads to. */
interface Path {
  readonly schema: string | null | undefined;
  readonly name: string;
}

/** Writes a name in double quotes, as standard SQL does: it can't be taken for anything else, whatever is in it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Does the same between backticks, as MySQL wants it. */
export function backtickName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** Write the name of a table, behind that of its schema. */
export const quotePath = pathWriter(quoteName);
export const backtickPath = pathWriter(backtickName);

function pathWriter(write: (name: string) => string): (path: Path) => string {
  return ({ schema, name }) => (schema === null || schema === undefined ? '' : `${write(schema)}.`) + write(name);
}
