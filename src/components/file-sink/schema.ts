import { z } from 'zod';
import { positive, whole } from '../keys/numbers.js';
import { secret, url } from '../keys/secret.js';
import { sinkKeys } from '../keys/sink.js';
import { choice, line } from '../keys/texts.js';
import { together } from '../keys/together.js';
import { withStandIns } from '../seam/variables.js';
import { argumentForms, formats } from './config.js';
import type { FileSinkConfig, S3Keys } from './config.js';

/** One request takes a file to S3, which ends at 5 GiB. */
const mostBytes = 4 * 1024 ** 3;

/** What is in a file is not taken back: it holds only what can't be. */
const onlyFinalized = z
  .string()
  .optional()
  .superRefine((value = 'finalized', context) => {
    if (value.toLowerCase() !== 'finalized')
      context.addIssue('must be finalized: files hold nothing that may be taken back');
  })
  .transform(() => 'finalized' as const);

const keys = z.strictObject({
  ...sinkKeys(),
  delivery: onlyFinalized,
  batch_size: whole(1, 100_000).default(2_000),
  path: line(1_000).superRefine((path, context) => {
    const problem = pathProblem(path);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem[0], params: { hint: problem[1] } });
  }),
  format: choice(formats).default('jsonl'),
  arguments: choice(argumentForms).optional(),
  rotate_blocks: whole(1).default(100_000),
  rotate_bytes: whole(1, mostBytes).default(256 * 1024 ** 2),
  rotate_minutes: positive(525_600).nullable().default(null),
  endpoint: url(['https', 'http']).optional(),
  region: line(100).optional(),
  access_key_id: secret().optional(),
  secret_access_key: secret().optional(),
  session_token: secret().optional(),
});

const s3Keys = ['endpoint', 'region', 'access_key_id', 'secret_access_key', 'session_token'] as const;

/** The schema of a file sink's keys. */
export const fileSinkSchema: z.ZodType<FileSinkConfig> = together(
  keys,
  ({ right: { path, format }, isGiven, tell }) => {
    for (const key of s3Keys) {
      if (isGiven(key) && path !== undefined && !isOnS3(path)) tell(key, 'is for a path that begins with s3://');
    }
    if (isGiven('arguments') && format === 'jsonl') tell('arguments', 'is for csv and parquet: JSON has no columns');
  },
).transform((all): FileSinkConfig => {
  const { endpoint, region, access_key_id, secret_access_key, session_token, ...own } = all;
  const given = { endpoint, region, access_key_id, secret_access_key, session_token };
  return { ...own, arguments: own.arguments ?? 'json', s3: isOnS3(own.path) ? s3Of(given) : null };
});

function isOnS3(path: string): boolean {
  return path.startsWith('s3://');
}

/** What a definition leaves out is read from the variables that other programs read. */
function s3Of(given: { readonly [K in keyof S3Keys]: string | undefined }): S3Keys {
  return {
    endpoint: given.endpoint ?? '${AWS_ENDPOINT_URL_S3:-${AWS_ENDPOINT_URL:-}}',
    region: given.region ?? '${AWS_REGION:-${AWS_DEFAULT_REGION:-us-east-1}}',
    access_key_id: given.access_key_id ?? '${AWS_ACCESS_KEY_ID}',
    secret_access_key: given.secret_access_key ?? '${AWS_SECRET_ACCESS_KEY}',
    // A token goes with the keys of the environment, and with no others.
    session_token: given.session_token ?? (given.access_key_id === undefined ? '${AWS_SESSION_TOKEN:-}' : ''),
  };
}

/** A bucket's URL, as a hint shows it: in a message it would be masked as one of somebody's. */
const bucketUrl = 's3://bucket/prefix';

function pathProblem(text: string): readonly [message: string, hint?: string] | null {
  const path = withStandIns(text, 'variable');
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(path) ?? [];
  if (scheme !== undefined && scheme !== 's3') return ['must name a folder, or a bucket of S3', bucketUrl];
  if (path.split(/[/\\]/).includes('..')) return ['must not lead out of its folder: leave out ..'];
  if (scheme === undefined) return null;
  const [bucket = ''] = rest.split('/');
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) ? null : ['must name a bucket of S3', bucketUrl];
}
