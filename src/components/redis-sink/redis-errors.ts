import { UsageError, messageOf } from '../../runtime/errors.js';
import type { ChainparseError } from '../../runtime/errors.js';
import { MessageRefusedError, ReceiverAwayError } from '../seam/delivery-errors.js';
import { trustHint } from '../keys/tls-files.js';

/** What no wait mends, by what the server's reply says, and what a person can do about it. */
const mistakes: readonly (readonly [reply: RegExp, hint: string])[] = [
  [/\bWRONGTYPE\b/, 'a key of that name holds something else: give another stream, or delete it (redis-cli DEL)'],
  [/without any password|no password is set/i, 'it wants no login: leave user and password out of the url'],
  [/\bNOAUTH\b/, 'it wants a login: write it into the url, in front of its host: user:${PASSWORD}@'],
  [
    /\bWRONGPASS\b|invalid password/i,
    'user and password in the url (user:${PASSWORD}@) are not those of the server: put them right, there or here',
  ],
  [
    /\bNOPERM\b.*'select'/,
    'its user may not choose the database behind the host in the url: ACL SETUSER user +select, or name none',
  ],
  [/\bNOPERM\b/, 'give its user the rights: ACL SETUSER user +xadd +multi +exec ~STREAM'],
  [/\b(?:MOVED|ASK|CROSSSLOT)\b/, 'a Redis Cluster is not spoken to: give a server that holds the whole stream'],
  [/unknown command/i, 'streams need Redis 5 or newer'],
  [/DB index is out of range|invalid DB index/i, 'the number behind the host in the url is that of a database'],
];

const tooLarge = /too large|exceeds maximum|invalid bulk length/i;

/** What the server says of itself, in words. */
const waits: readonly (readonly [reply: RegExp, hint: string])[] = [
  [/\bOOM\b/, 'it is full: raise maxmemory, or give max_length, so that old entries go'],
  [/\bNOREPLICAS\b/, 'too few replicas keep up with it (min-replicas-to-write): look at INFO replication'],
  [/max number of clients/, 'it takes no more connections: raise maxclients, or close some (CLIENT LIST)'],
  [/\bCLUSTERDOWN\b/, 'a part of its cluster is away: look at CLUSTER INFO'],
  [
    /\b(?:READONLY|MASTERDOWN)\b/,
    'it is a replica: give the url of the server that takes writes, or wait for a failover',
  ],
  [/\bLOADING\b/, 'it has just been started, and reads its data: wait'],
  [
    /\bto TLS\b|wrong version number|before secure TLS connection/,
    'does it answer at all, and is its port one for TLS? Without TLS the url begins with redis://',
  ],
  [
    /closed before it was greeted/,
    'does its port want TLS? Then the url begins with rediss://. Or does it take no more connections (maxclients)?',
  ],
  [/\bMISCONF\b/, "it can't save its data: look at its log and its disk"],
];

/**
 * Sorts what a delivery to Redis failed with: a message too large, a person's mistake, or a server that can't take it now;
 * `server` is its host.
 */
export function redisFailure(error: unknown, server: string): ChainparseError {
  if (error instanceof UsageError) return error;
  const message = replyOf(error);
  const known = (list: typeof mistakes): string | undefined => list.find(([reply]) => reply.test(message))?.[1];
  const mistake = known(mistakes);
  if (mistake !== undefined) return new UsageError(`Redis refuses: ${message}`, { hint: mistake, cause: error });
  if (tooLarge.test(message)) return new MessageRefusedError(`Redis refuses: ${message}`, { cause: error });
  return new ReceiverAwayError(`Redis at ${server}: ${message}`, {
    hint: known(waits) ?? trustHint(message),
    cause: error,
  });
}

/** Returns which commands of a transaction failed, where the others have been done; undefined: nobody knows of any that was. */
export function failedIn(error: unknown): ReadonlySet<number> | undefined {
  const { errorIndexes } = error as Partial<TransactionError>;
  return errorIndexes === undefined ? undefined : new Set(errorIndexes);
}

/** Of the replies to a transaction the first that is an error counts. */
function replyOf(error: unknown): string {
  const { replies = [], errorIndexes: [first = -1] = [] } = error as Partial<TransactionError>;
  return messageOf(replies[first] ?? error) || 'the connection failed';
}

interface TransactionError {
  readonly replies: readonly unknown[];
  readonly errorIndexes: readonly number[];
}
