import { readFileSync } from 'node:fs';

/** Returns the version of the package, which lies one folder deeper once it is built. */
export function version(): string {
  for (const path of ['../package.json', '../../../package.json']) {
    const manifest = readManifest(new URL(path, import.meta.url));
    if (manifest?.name === 'chainparse') return manifest.version;
  }
  return 'unknown';
}

function readManifest(url: URL): { readonly name: string; readonly version: string } | undefined {
  try {
    return JSON.parse(readFileSync(url, 'utf8')) as { name: string; version: string };
  } catch {
    return undefined;
  }
}
