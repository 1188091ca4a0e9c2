import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** One file of the dashboard, ready to be sent. */
export interface DashboardFile {
  readonly media: string;
  readonly body: Buffer;
  /** The same, compressed. */
  readonly zipped: Buffer;
  readonly etag: string;
}

/** The dashboard as it is served: its page, and the files that the page loads, by their paths. */
export interface DashboardFiles {
  readonly page: DashboardFile;
  readonly assets: ReadonlyMap<string, DashboardFile>;
  /** Changes with any of the files. */
  readonly digest: string;
}

const folder = fileURLToPath(new URL('dashboard/', import.meta.url));

const medias: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Reads the dashboard's files into memory. The page's links to `assets/` get the digest of all files into their paths, so
 * that browsers may keep them for good.
 */
export function readDashboard(): DashboardFiles {
  const sources = new Map([...readFolder(), ...readCharts()]);
  const page = sources.get('index.html') ?? Buffer.alloc(0);
  sources.delete('index.html');
  const digest = digestOf([page, ...sources.values()]);
  const whole = page.toString('utf8').replace('<!-- modules -->', preloads([...sources.keys()]));
  const linked = whole.replaceAll('"assets/', `"assets/${digest}/`);
  return {
    digest,
    page: toFile('index.html', Buffer.from(linked)),
    assets: new Map([...sources].map(([path, body]) => [path, toFile(path, body)])),
  };
}

/** Modules are asked for at once, not each when another one has come that imports it. */
function preloads(paths: readonly string[]): string {
  const modules = paths.filter((path) => path.endsWith('.js') && !/^(?:charts\/|first-paint)/.test(path));
  return modules.map((path) => `<link rel="modulepreload" href="assets/${path}" />`).join('\n    ');
}

function readFolder(): readonly (readonly [string, Buffer])[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return paths.sort().map((path) => [relative(folder, path).split(sep).join('/'), readFileSync(path)]);
}

/** The small build of uPlot is no module; a line behind it makes it one. Its licence stands in its first lines. */
function readCharts(): readonly (readonly [string, Buffer])[] {
  const { resolve } = createRequire(import.meta.url);
  const code = readFileSync(resolve('uplot/dist/uPlot.iife.min.js'));
  return [
    ['charts/uplot.js', Buffer.concat([code, Buffer.from('\nexport default uPlot;\n')])],
    ['charts/uplot.css', readFileSync(resolve('uplot/dist/uPlot.min.css'))],
  ];
}

function toFile(path: string, body: Buffer): DashboardFile {
  const media = medias[extname(path)] ?? 'application/octet-stream';
  return { media, body, zipped: gzipSync(body, { level: 9 }), etag: `"${digestOf([body])}"` };
}

function digestOf(bodies: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const body of bodies) hash.update(body).update('\0');
  return hash.digest('base64url').slice(0, 16);
}
