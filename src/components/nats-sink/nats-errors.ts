import { ChainparseError, messageOf } from '../../runtime/errors.js';
import { MessageRefusedError, ReceiverAwayError } from '../seam/delivery-errors.js';
import { trustHint } from '../keys/tls-files.js';
import type { NatsConfig } from './schema.js';

/** JetStream's numbers of errors (server/errors.json of nats-server). */
const wrongLastMessage = 10_070;
const messageTooLarge = 10_054;

/** Says whether the message was not stored because another one than the expected stood before it. */
export function isOutOfTurn(error: unknown): boolean {
  return codeOf(error) === wrongLastMessage;
}

/** What a person can do, by the client's words. */
const hints: readonly (readonly [words: RegExp, hint: string])[] = [
  [
    /^nkeys: |unable to parse credentials/,
    'nkey_seed is the seed of a user, which begins with SU; creds_file is a file as nsc writes it',
  ],
  [/does not support 'tls'/, 'give nats:// and no keys of TLS, or turn TLS on there'],
  [
    /before it greeted/,
    'is its port one of NATS? One that wants TLS before anything else (handshake_first) is not spoken to',
  ],
  [
    /^timeout$|\b(?:EPIPE|ECONNRESET)\b/,
    'its log says why: too many connections (max_connections), or a certificate of this side that it wants (tls_cert_file) or does not accept',
  ],
];

/** The client's words for a server that closes the connection without one of its own. */
const unsaid = /node provided an undefined error/;

/** Returns what it means that nobody could connect. */
export function connectionError(error: unknown, { servers }: Pick<NatsConfig, 'servers'>): ChainparseError {
  const isRefused = nameOf(error) === 'AuthorizationError';
  const told = unsaid.test(messageOf(error)) ? 'it closed the connection before it greeted' : messageOf(error);
  const known = hints.find(([words]) => words.test(told))?.[1] ?? trustHint(error);
  const hint = isRefused ? 'look at user and password, token, nkey_seed or creds_file' : known;
  const what = isRefused ? 'the server refuses the login' : told;
  return new ReceiverAwayError(`NATS at ${shown(servers)}: ${what}`, { cause: error, hint });
}

/** What a stream with `discard: new` says that is full, by which of its limits. */
const fullWords = /^maximum (messages|bytes|messages per subject) exceeded$/;

/** Returns what it means that a message was not acknowledged. */
export function publishError(error: unknown, subject: string): ChainparseError {
  if (error instanceof ChainparseError) return error;
  if (codeOf(error) === messageTooLarge) {
    return new MessageRefusedError(`${subject}: too large for its stream`, { cause: error });
  }
  // Nobody listens there, which the client takes for a JetStream that is off.
  if (nameOf(error) === 'JetStreamNotEnabled') return noStreamError(subject, error);
  // The client makes up another inbox for each connection: what is wrong is the same.
  const told = messageOf(error).replace(/_INBOX\.[^\s"]+/g, '_INBOX.>');
  const text = nameOf(error) === 'TimeoutError' ? 'not acknowledged in time' : told;
  return new ReceiverAwayError(`NATS, ${subject}: ${text}`, { cause: error, hint: hintOf(text, subject) });
}

function hintOf(text: string, subject: string): string | undefined {
  if (fullWords.test(text))
    return 'its stream is full, and takes nothing new (discard new): raise its limits (nats stream edit NAME), or make room in it, and it goes on';
  if (/sealed stream/.test(text))
    return 'a sealed stream takes nothing any more: give a subject that another one takes, or delete it and make it anew';
  if (/^resource limits exceeded|^insufficient resources/.test(text))
    return 'JetStream has no room left: raise what the account or the server may store, or make room, and it goes on';
  if (!text.startsWith('Permissions Violation')) return undefined;
  const looks = '$JS.API.STREAM.NAMES, $JS.API.STREAM.INFO.* and $JS.API.STREAM.MSG.GET.*';
  return `the user needs the rights to publish to ${subject} and to subscribe to _INBOX.>; better also to publish to ${looks}, by which streams are looked at`;
}

/** Returns what it means that no stream keeps what is sent to a subject. */
export function noStreamError(subject: string, cause: unknown): ReceiverAwayError {
  return new ReceiverAwayError(`no stream of JetStream takes the subject '${subject}'`, {
    cause,
    hint: `nats stream add NAME --subjects '${subject}'`,
  });
}

/** The name of an error's class, by which those of the client are told: it need not be loaded here. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

function codeOf(error: unknown): unknown {
  return nameOf(error) === 'JetStreamApiError' ? (error as { readonly code?: unknown }).code : undefined;
}

function shown(servers: readonly string[]): string {
  return servers.map((server) => (server.includes('://') ? new URL(server).host : server)).join(', ');
}
