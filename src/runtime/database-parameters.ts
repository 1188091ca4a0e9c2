import { nearest } from './nearest.js';

/** The words of `ssl` in URLs of MySQL and MariaDB. */
export const mysqlTlsWords = {
  off: ['false', '0', 'off', 'disabled'],
  checked: ['true', '1', 'on', 'required', 'verify'],
  unchecked: ['skip-verify', 'no-verify', 'insecure'],
} as const;

/** The words of `sslmode` in URLs of PostgreSQL. */
export const postgresSslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

/** Which values a parameter takes, and what a person is told that it takes. */
interface Parameter {
  readonly fits: (value: string) => boolean;
  readonly takes: string;
}

type Parameters = Readonly<Record<string, Parameter>>;

const text = (takes: string): Parameter => ({ fits: (value) => value !== '', takes });
const file = text('the path of a file');
const tlsWords: readonly string[] = Object.values(mysqlTlsWords).flat();
const sslModes: readonly string[] = postgresSslModes;

const mysql: Parameters = {
  ssl: { fits: (value) => tlsWords.includes(value.toLowerCase()), takes: 'true, skip-verify or false' },
  ssl_ca: file,
  // Other programs' URLs name the one that is spoken here.
  charset: { fits: (value) => /^utf8mb4$/i.test(value), takes: 'utf8mb4, or is left out' },
};

const postgres: Parameters = {
  sslmode: { fits: (value) => sslModes.includes(value), takes: 'disable, prefer, require, verify-ca or verify-full' },
  sslrootcert: file,
  sslcert: file,
  sslkey: file,
  host: text('a host, or the folder of a socket'),
  port: { fits: (value) => /^\d{1,5}$/.test(value) && isPort(Number(value)), takes: 'a port' },
  user: text('a user'),
  password: text('a password'),
  dbname: text('a database'),
};

function isPort(number: number): boolean {
  return number >= 1 && number <= 65_535;
}

/**
 * Says what is wrong with what stands behind the `?` of a database URL, in words that follow it; null: nothing. What asks for
 * encryption, say, in words that are not understood must not end without it. No value is shown: it may be a secret.
 */
export function parameterProblem(url: string): string | null {
  if (/^sqlite:/i.test(url)) return sqliteProblem(url);
  if (!URL.canParse(url)) return null;
  const { protocol, search, searchParams } = new URL(url);
  const known = /^postgres/i.test(protocol) ? postgres : mysql;
  const names = [...searchParams.keys()];
  const problems = names.map((name, i) => {
    if (!Object.hasOwn(known, name)) return unknownProblem(name, Object.keys(known));
    if (names.indexOf(name) !== i) return `has the parameter '${name}' twice`;
    const { fits, takes } = known[name] as Parameter;
    return fits(searchParams.get(name) ?? '')
      ? null
      : `has a wrong value of the parameter '${name}', which takes ${takes}`;
  });
  const problem = problems.find((each) => each !== null) ?? lonelyProblem(names);
  // Behind the host there is a part of a password then, which must not be named.
  return problem !== null && search.includes('@') ? 'is malformed: write the @ of a password as %40' : problem;
}

/** A certificate of this side's is shown with its key alone, and the driver passes over either without the other. */
function lonelyProblem(names: readonly string[]): string | null {
  const [given, ...others] = ['sslcert', 'sslkey'].filter((name) => names.includes(name));
  if (given === undefined || others.length > 0) return null;
  return `names an ${given} and no ${given === 'sslcert' ? 'sslkey' : 'sslcert'}: both, or none`;
}

/** A question mark alone may stand in a file's name. A path that is told everywhere must not be a server's URL, with its password. */
function sqliteProblem(url: string): string | null {
  if (/^sqlite:\/\/[^/:@]*:.*@/is.test(url)) return "has a user and a password: SQLite's names a file, as sqlite:PATH";
  const [, name] = /\?([\w-]+)=/.exec(url) ?? [];
  return name === undefined ? null : `has the parameter '${name}': a SQLite file takes none`;
}

function unknownProblem(name: string, known: readonly string[]): string {
  const list = known.join(', ');
  return `has an unknown parameter '${name}' (known are ${list}): the nearest known one is ${nearest(name, known) ?? ''}`;
}
