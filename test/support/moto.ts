import { execFileSync, spawn } from 'node:child_process';
import { AwsV4Signer } from 'aws4fetch';
import { atEnd } from './at-end.js';
import { declareMissing } from './extent.js';
import { findProgram } from './find-program.js';
import { freePort } from './free-port.js';
import { eventually } from './within.js';

const program = findProgram('moto_server');
const isThere = program !== undefined && runs(program);
const howToGet = 'apt-get install --no-install-recommends python3-moto python3-flask-cors';

/** What a bucket of a test is reached with. */
export interface S3Account {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Describes tests that need S3, which moto plays: pending where it is not installed, unless it must be. */
export function withS3(title: string, suite: () => void): void {
  if (isThere) describe(title, suite);
  else declareMissing(title, howToGet, suite);
}

function runs(path: string): boolean {
  try {
    execFileSync(path, ['--help'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Starts a private S3; it ends with the tests. */
export async function startS3(): Promise<S3Account> {
  const port = await freePort();
  const child = spawn(program ?? '', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  atEnd(() => child.kill('SIGKILL'));
  const account = { endpoint: `http://127.0.0.1:${port}`, accessKeyId: 'key', secretAccessKey: 'secret' };
  const answers = (): Promise<boolean> =>
    fetch(account.endpoint).then(
      ({ ok }) => ok,
      () => false,
    );
  await eventually('S3 answers', answers, 30_000);
  return account;
}

/** Asks S3 for something, signed. */
export async function askS3(account: S3Account, method: string, path: string, body?: string): Promise<Response> {
  const { endpoint, ...keys } = account;
  const url = `${endpoint}/${path}`;
  const signer = new AwsV4Signer({ url, method, ...keys, service: 's3', region: 'us-east-1' });
  return fetch(url, { method, headers: (await signer.sign()).headers, ...(body === undefined ? {} : { body }) });
}

/** Lists the keys of a bucket. */
export async function listBucket(account: S3Account, bucket: string): Promise<readonly string[]> {
  const text = await (await askS3(account, 'GET', `${bucket}?list-type=2`)).text();
  return [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key).sort();
}
