/** The exit codes of the `chainparse` binary. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 130 | 143;

export interface ErrorOptions {
  /** What the user can do about it; printed as `hint: …`. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The base of every error that a user may see: one line of what is wrong, a code for programs, an exit code for
 * shells and, where there is one, a hint.
 */
export abstract class ChainparseError extends Error {
  /** A name for programs, upper snake case. */
  abstract readonly code: string;
  abstract readonly exitCode: ExitCode;
  /** Says whether the same call may succeed later. */
  readonly retryable: boolean = false;
  readonly hint: string | undefined;

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.hint = options.hint;
  }
}

/** Returns a class for errors of one code; `retryable` says whether the same call may succeed later. */
export function errorClass(code: string, exitCode: ExitCode, { retryable = false } = {}) {
  return class extends ChainparseError {
    readonly code = code;
    readonly exitCode = exitCode;
    override readonly retryable = retryable;
  };
}

/** Something failed at run time that has no name of its own. */
export class RuntimeFailure extends errorClass('FAILED', 1) {}

/** A wrong command line, setting, or file. */
export class UsageError extends errorClass('USAGE', 2) {}

/** What the tables hold of a pipeline is no definition: nobody can run it until it is imported again. */
export class DamagedDefinitionError extends errorClass('DAMAGED_DEFINITION', 2) {}

/** Something that is wrong, and what to do about it. */
export interface Problem {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Something that is wrong with a value that was given, and what leads to it. */
export interface KeyProblem extends Problem {
  readonly key: string;
}

/** Something that is wrong with a file, and where. */
export interface FileProblem extends Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The key whose value is wrong; null where it is none's. */
  readonly key: string | null;
}

/** What a user wrote, in which something is wrong: all of it, so that it need not be found out one by one. */
export class ProblemsError extends UsageError {
  readonly problems: readonly (Problem | KeyProblem | FileProblem)[];

  constructor(problems: readonly (Problem | KeyProblem | FileProblem)[]) {
    const [first] = problems;
    const texts = problems.map(problemText).join('; ');
    super(problems.length === 1 ? texts : `${problems.length} problems: ${texts}`, { hint: first?.hint });
    this.problems = problems;
  }
}

/** A file of the user's in which something is wrong. */
export class FileProblemsError extends ProblemsError {
  override readonly problems: readonly FileProblem[];

  constructor(problems: readonly FileProblem[]) {
    super(problems);
    this.problems = problems;
  }
}

/** Returns a problem on one line: file, line and key where it has them, what is wrong. */
export function problemText(problem: Problem | KeyProblem | FileProblem): string {
  if (!('key' in problem)) return problem.message;
  const place = 'file' in problem ? `${problem.file}:${problem.line}: ` : '';
  return `${place}${problem.key === null ? '' : `${problem.key}: `}${problem.message}`;
}

/** The id or the name that something was to get is another's. */
export class TakenError extends UsageError {
  override readonly code: string = 'TAKEN';
}

/** No pipeline, task, ABI or alert has the id that was asked for. */
export class NotFoundError extends errorClass('NOT_FOUND', 3) {}

/** What is asked for does not fit what is there now. */
export class ConflictError extends errorClass('CONFLICT', 1) {}

/** The lease was this process's and is no longer: whatever it still holds must not be written. */
export class LeaseLostError extends errorClass('LEASE_LOST', 4) {}

/** A pipeline was deleted, and with it a task that somebody had ended just before, and that has yet to learn it. */
export class PipelineDeletedError extends LeaseLostError {}

/** What a sink fills was claimed in the same life of its pipeline with a higher claim than the one that was to come next. */
export class ClaimedLaterError extends LeaseLostError {
  /** The claim that stands. */
  readonly claim: number;

  constructor(message: string, claim: number) {
    super(message);
    this.claim = claim;
  }
}

/** The lease is another's, which is alive. */
export class LeaseHeldError extends errorClass('LEASE_HELD', 4) {}

/** The database can't be reached, is full, or did not answer in time: the outcome of the statement is unknown. */
export class DatabaseUnreachableError extends errorClass('DATABASE_UNREACHABLE', 5, { retryable: true }) {}

/** The database answers, and locks that others hold keep it from doing what was asked. */
export class DatabaseBusyError extends DatabaseUnreachableError {}

/** The database answers, and its user lacks a right that a statement wants. */
export class DatabaseForbiddenError extends RuntimeFailure {}

/** The database's server refuses the login of the URL, knows no such database, or the file is none. */
export class DatabaseRefusedError extends DatabaseUnreachableError {}

/** The database answers, but does not hold chainparse's tables, or holds older ones. */
export class NotMigratedError extends errorClass('NOT_MIGRATED', 5) {}

/**
 * What this process has opened is not the database that it was, or none that this version can use: no waiting mends it,
 * and nothing may be written.
 */
export class DatabaseUnusableError extends errorClass('DATABASE_UNUSABLE', 5) {}

/** A newer version has changed the database's schema. */
export class SchemaNewerError extends DatabaseUnusableError {
  override readonly code = 'SCHEMA_NEWER';
}

/** No endpoint of the chain answers, or each refuses. */
export class ChainUnreachableError extends errorClass('CHAIN_UNREACHABLE', 6) {}

/** The node serves another chain than the one that is meant. */
export class ChainMismatchError extends errorClass('CHAIN_MISMATCH', 6) {}

/**
 * The chain changed deeper than chainparse remembers it, or below a block that the node had called final: the pipeline is
 * parked until a person has said how far back its rows are to be taken.
 */
export class NeedsRewindError extends errorClass('NEEDS_REWIND', 6) {
  /** The newest block that may be kept; null: none. Undefined where that has not been found out. */
  readonly keeps: number | null | undefined;

  constructor(message: string, options: ErrorOptions & { readonly keeps?: number | null } = {}) {
    super(message, options);
    this.keeps = options.keeps;
  }
}

/** An alert could not be delivered. */
export class AlertDeliveryError extends ChainparseError {
  readonly code: string = 'ALERT_UNDELIVERED';
  readonly exitCode = 1;
  override readonly retryable: boolean;
  /** How long the receiver asks to wait until it is tried again, in milliseconds; null: it does not say. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    options: ErrorOptions & { readonly retryable: boolean; readonly retryAfterMs?: number | null },
  ) {
    super(message, options);
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** Returns the message of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, reason } = error as { readonly code?: unknown; readonly reason?: unknown };
  // OpenSSL's own text is a row of numbers and of lines in its sources.
  const isTls = typeof code === 'string' && code.startsWith('ERR_SSL_') && typeof reason === 'string';
  if (isTls) return `TLS failed: ${reason}`;
  // Whoever wrote before the handshake was over has it in the text of that.
  const [, stated] = /\berror:[0-9A-F]+:SSL routines:[^:]*:([^:]+)/.exec(error.message) ?? [];
  if (stated !== undefined) return `TLS failed: ${stated}`;
  // Of several addresses that were tried at once Node says nothing in words.
  return error.message === '' && typeof code === 'string' ? code : error.message;
}

/** Returns what a person can do about something that was thrown, in brackets behind its message; nothing where it does not say. */
export function hintIn(error: unknown): string {
  return error instanceof ChainparseError && error.hint !== undefined ? ` (${error.hint})` : '';
}
