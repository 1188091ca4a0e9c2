/** Writes a name in double quotes, as standard SQL does: it can't be taken for anything else, whatever is in it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
