import { z } from 'zod';
import type { JsonValue } from '../../model/event-message.js';
import { isPrivateHost } from '../../runtime/private-address.js';
import { secretName, secretValue } from '../../runtime/secrets.js';
import { positive, whole } from '../keys/numbers.js';
import { secret, url, variable, writtenUrls } from '../keys/secret.js';
import { sinkKeys } from '../keys/sink.js';
import { line } from '../keys/texts.js';
import { notBoth, together } from '../keys/together.js';
import { withStandIns } from '../seam/variables.js';
import { webSchemes } from './config.js';
import type { WebhookConfig } from './config.js';

const json: z.ZodType<JsonValue> = z.json();
const body = json.refine((value) => typeof value === 'object' && value !== null, {
  error: 'must be a mapping of keys to values, or a list, which is sent as JSON',
});

/** What HTTP itself says, and what is said by the sink. */
const takenHeaders =
  /^(?:host|connection|keep-alive|content-length|content-type|transfer-encoding|te|trailer|upgrade|expect|proxy-.*|idempotency-key|chainparse-.*)$/i;

const headers = z.record(z.string(), line(8_000)).superRefine((given, context) => {
  for (const [name, value] of Object.entries(given)) {
    const message = headerProblem(name, value);
    if (message !== null) context.addIssue({ code: 'custom', path: [name], message });
  }
});

function headerProblem(name: string, value: string): string | null {
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) return 'is no name of a header';
  if (takenHeaders.test(name)) return 'is a header that chainparse sets itself';
  if (writesSecret(name, value)) {
    return 'is a secret: write ${NAME} for it, as in "Bearer ${NAME}", which is read from the environment when a run begins';
  }
  return /^[\t\u{20}-\u{7e}]*$/u.test(value) ? null : 'must be made of ASCII characters';
}

/** Says whether a header's secret, or a part of it, is written out. */
function writesSecret(name: string, value: string): boolean {
  const isLogin = /authorization$/i.test(name) || secretValue.test(value);
  if (!isLogin && !secretName.test(name)) return false;
  // What may be left out is no less read from the environment.
  const text = withStandIns(value.replace(/(\$\{[A-Za-z_]\w*):-\}/g, '$1}'), variable);
  return !text.includes(variable) || holdsKey(text) || (isLogin && !isOpenLogin(text));
}

/** What may stand in a login: `${NAME}`, `${ID}:${KEY}`, `token=${NAME}`. */
const loginPart = new RegExp(`^(?:[\\w-]+=)?"?${variable}(?:[:.-]?${variable})*"?$`);

/** Says whether nothing is written out in a login but its scheme, and names of its parts. */
function isOpenLogin(text: string): boolean {
  const [first = '', ...others] = text.trim().split(/[\s,;]+/);
  const isScheme = /^[A-Za-z][\w-]*$/.test(first) && !first.includes(variable);
  const parts = isScheme ? others : [first, ...others];
  return parts.every((part) => loginPart.test(part));
}

const shape = {
  ...sinkKeys(),
  url: url(webSchemes),
  secret: secret().optional(),
  headers: headers.default({}),
  body: body.optional(),
  timeout: positive(600).default(10),
  batch_size: whole(1, 100_000).optional(),
  max_body_bytes: whole(1_000, 100_000_000).default(1_000_000),
  allow_private: z.boolean().default(false),
};

/** The schema of a webhook's keys. */
export const webhookSchema: z.ZodType<WebhookConfig> = together(z.strictObject(shape), (look) => {
  const { url: text = '', allow_private: allowed } = look.right;
  notBoth(look, 'body', 'batch_size');
  const urls = writtenUrls(text, webSchemes);
  if (urls.some((each) => holdsKey(each?.pathname ?? ''))) {
    look.tell('url', 'its path holds what looks like a key', 'write ${NAME} for the whole URL, or for that part of it');
  }
  if (allowed === false && urls.some((each) => isPrivateHost(each?.hostname ?? ''))) {
    look.tell('url', 'leads to a private address', 'write allow_private: true where that is meant');
  }
});

/** Webhooks of chats are as secret as a password: whoever knows the URL may write. */
function holdsKey(text: string): boolean {
  const written = text.replaceAll(variable, ' ').split(/[^\w-]+/);
  return written.some((part) => part.length >= 20 && /\d/.test(part) && /[a-z]/i.test(part));
}
