/**
 * Splits what names a database into the URLs of its nodes, one where it is no cluster: a comma counts only before another
 * server's URL, so that passwords and files may have one.
 */
export function splitDatabaseUrls(urls: string): readonly string[] {
  return urls.split(/\s*,\s*(?=(?:mysql|mariadb|postgres|postgresql):\/\/)/i);
}

/** Returns the path in the URL of a SQLite file, empty where it names none; null: the URL is of something else. */
export function sqlitePath(url: string): string | null {
  return /^sqlite:(?:\/\/)?(.*)$/is.exec(url)?.[1] ?? null;
}
