import { lookup as systemLookup } from 'node:dns/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { splitDatabaseUrls, sqlitePath } from '../runtime/database-urls.js';
import type { Problem } from '../runtime/errors.js';
import { isPrivateAddress, isPrivateHost } from '../runtime/private-address.js';
import { realPath } from '../runtime/real-path.js';
import type { Settings } from '../settings/settings.js';
import type { Remark } from './seam/component.js';
import { ReceiverAwayError, UnfitReceiverError } from './seam/delivery-errors.js';
import { withStandIns } from './seam/variables.js';

/** What a definition may reach that was stored by the API. */
export interface ApiAccess {
  readonly variables: readonly string[];
  /** Private hosts, each as `host` or `host:port`. */
  readonly privateHosts: readonly string[];
  /** An absolute path. */
  readonly dataFolder: string;
  /** The folder from which other paths start; absolute. */
  readonly workingFolder: string;
}

/** Returns what the settings allow definitions that were stored by the API. */
export function apiAccess({ api, dataDir }: Pick<Settings, 'api' | 'dataDir'>, cwd: string): ApiAccess {
  const { variables, privateHosts } = api;
  return { variables, privateHosts, dataFolder: resolve(cwd, dataDir), workingFolder: cwd };
}

const addressKeys = new Set(['url', 'servers', 'bootstrap_servers', 'database', 'endpoint']);
/** The keys of sinks for secrets and for what a secret belongs to, such as the region of S3's keys. */
const secretKeys =
  /^(?:(?:\w+_)?password|secret|token|nkey_seed|headers|access_key_id|secret_access_key|session_token|region)$/;
const fileKeys = /^path$|_(?:file|location)$/;
const fileParameters = new Set(['ssl_ca', 'sslrootcert', 'sslcert', 'sslkey']);
const ownVariables = /^CHAINPARSE_|_RPC_URL$/i;

const orImport = 'or import the definition by the command line';

/** Says what of a sink's config its definition may not read or reach. `access`: null for one of the command line. */
export function accessProblems(config: object, access: ApiAccess | null): readonly Remark[] {
  return remarksOn(config, (key, text) => {
    const problem = variableProblem(key, text, access);
    if (problem !== null || access === null) return problem;
    const written = withStandIns(text, 'VARIABLE');
    return written === text ? reachProblem(key, text, access) : hostProblem(key, written, access);
  });
}

/** Throws UnfitReceiverError if a definition may not read or reach what a sink's config names. */
export function requireAccess(config: object, access: ApiAccess | null): void {
  throwFirst(accessProblems(config, access));
}

/** Throws UnfitReceiverError if a sink's config, its variables replaced, reaches what the API's definitions may not. */
export function requireReach(config: object, access: ApiAccess): void {
  throwFirst(remarksOn(config, (key, text) => reachProblem(key, text, access)));
}

/**
 * Returns the config, its variables replaced, with which a sink of the API's definition is opened. Throws UnfitReceiverError if it
 * reaches what it may not, and ReceiverAwayError if the name of a host leads to a private address.
 */
export async function reachableConfig<C extends object>(
  config: C,
  access: ApiAccess,
  lookup: typeof systemLookup = systemLookup,
): Promise<C> {
  requireReach(config, access);
  const hosts = textsOf(config).flatMap(([key, text]) => hostsIn(key, text));
  const unlisted = hosts.filter((host) => !isListed(host, access));
  // A webhook checks the address of each of its connections.
  if ('allow_private' in config) {
    return { ...config, allow_private: config.allow_private === true && unlisted.length === 0 };
  }
  // Of a password with a comma in it a part may look like a host with a port: it is not sent to a name server.
  for (const name of unlisted.map(nameOf).filter((each) => /^[\w.-]+$/.test(each))) {
    const found = await lookup(name, { all: true }).catch(() => []);
    if (found.some(({ address }) => isPrivateAddress(address))) {
      throw new ReceiverAwayError(privateProblem.message, { hint: privateProblem.hint });
    }
  }
  return config;
}

function remarksOn(config: object, problemOf: (key: string, text: string) => Problem | null): readonly Remark[] {
  return textsOf(config).flatMap(([key, text]) => {
    const problem = problemOf(key, text);
    return problem === null ? [] : [{ at: [key], ...problem }];
  });
}

function throwFirst([first]: readonly Remark[]): void {
  if (first !== undefined)
    throw new UnfitReceiverError(`${String(first.at[0])} ${first.message}`, { hint: first.hint });
}

/** Returns the texts of a config, each with the key of the definition that holds it. */
function textsOf(config: object): readonly (readonly [key: string, text: string])[] {
  const { s3, ...own } = config as { readonly s3?: object | null };
  return Object.entries({ ...own, ...s3 }).flatMap(([key, value]) =>
    textsIn(value).map((text) => [key, text] as const),
  );
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function variableProblem(key: string, text: string, access: ApiAccess | null): Problem | null {
  const names = variableNames(text);
  const own = names.find((name) => ownVariables.test(name));
  if (own !== undefined) {
    const message = `must not read ${own}: no definition reads the variables of chainparse itself`;
    return { message, hint: 'set a variable of another name, and write that one' };
  }
  if (access === null || names.length === 0) return null;
  if (!addressKeys.has(key) && !secretKeys.test(key)) {
    const message =
      'must have no variable: a definition stored by the API has them in keys for secrets and addresses only';
    return { message, hint: `write the value itself, ${orImport}` };
  }
  const unlisted = names.find((name) => !access.variables.includes(name));
  if (unlisted === undefined) return null;
  const message = `must not read ${unlisted}: a definition stored by the API reads the variables in CHAINPARSE_API_VARIABLES only`;
  return { message, hint: `list it there, ${orImport}` };
}

/** Returns the names of all variables that a text may read, also in defaults. */
function variableNames(text: string): readonly string[] {
  return [...text.matchAll(/\$\{([A-Za-z_]\w*)/g)].map(([, name = '']) => name);
}

const privateProblem = {
  message: 'leads to a private address, which a definition stored by the API may not reach',
  hint: `list the host in CHAINPARSE_API_PRIVATE_HOSTS, ${orImport}`,
};

function reachProblem(key: string, text: string, access: ApiAccess): Problem | null {
  if (filesIn(key, text, access).every((file) => isBelow(access.dataFolder, file))) {
    return hostProblem(key, text, access);
  }
  const message = 'must be below the data folder, links followed: the definition was stored by the API';
  return { message, hint: `write a path below it, ${orImport}` };
}

function hostProblem(key: string, text: string, access: ApiAccess): Problem | null {
  const isRefused = (host: string): boolean => isPrivateHost(nameOf(host)) && !isListed(host, access);
  return hostsIn(key, text).some(isRefused) ? privateProblem : null;
}

/** Returns the files that a text names, as absolute paths. */
function filesIn(key: string, text: string, { dataFolder, workingFolder }: ApiAccess): readonly string[] {
  if (key === 'database') {
    const sqlite = sqlitePath(text);
    const files = sqlite === null ? parametersOf(text, (name) => fileParameters.has(name)) : [sqlite];
    return files.map((file) => resolve(workingFolder, file));
  }
  if (!fileKeys.test(key) || text.startsWith('s3://')) return [];
  return [resolve(key === 'path' ? dataFolder : workingFolder, text)];
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(realPath(folder), realPath(path));
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Returns the hosts that an address names, each with its port if one is written; the folder of a socket is this computer's. */
function hostsIn(key: string, text: string): readonly string[] {
  if (text === '' || !addressKeys.has(key) || sqlitePath(text) !== null) return [];
  const hosts = text.split(',').flatMap((part) => {
    const [authority = ''] = part
      .trim()
      .replace(/^[a-z][a-z\d+.-]*:\/\//i, '')
      .split(/[/?#\\]/);
    const parsed = URL.canParse(part) ? new URL(part).host : '';
    // A client may read it in either way.
    return [authority.slice(authority.lastIndexOf('@') + 1), ...(parsed === '' ? [] : [parsed])];
  });
  const named = parametersOf(text, (name) => name === 'host');
  const all = named.length > 0 ? [...hosts.filter((host) => host !== ''), ...named] : hosts;
  return all.map((host) => (host === '' || host.startsWith('/') ? 'localhost' : host.toLowerCase()));
}

/** Returns the values of some parameters behind the `?` of URLs. */
function parametersOf(text: string, isMeant: (name: string) => boolean): readonly string[] {
  const urls = splitDatabaseUrls(text).filter((url) => URL.canParse(url));
  return urls.flatMap((url) =>
    [...new URL(url).searchParams].flatMap(([name, value]) => (isMeant(name) ? [value] : [])),
  );
}

/** Returns a host without its port; an address of IPv4 in any notation as four numbers. */
function nameOf(host: string): string {
  const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : host;
  return name.replace(/^\[([^\]]*)\](?::\d*)?$/, '$1');
}

function isListed(host: string, { privateHosts }: ApiAccess): boolean {
  return privateHosts.some((each) => each.toLowerCase() === host || each.toLowerCase() === nameOf(host));
}
