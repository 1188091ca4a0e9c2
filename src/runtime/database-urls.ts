/**
 * Splits what names a database into the URLs of its nodes, one where it is no cluster: a comma counts only before another
 * server's URL, so that passwords and files may have one.
 */
export function splitDatabaseUrls(urls: string): readonly string[] {
  return urls.split(/\s*,\s*(?=(?:mysql|mariadb|postgres|postgresql):\/\/)/i);
}
