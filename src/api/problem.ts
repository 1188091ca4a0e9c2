import { STATUS_CODES } from 'node:http';
import {
  ChainparseError,
  ConflictError,
  DatabaseForbiddenError,
  ProblemsError,
  LeaseHeldError,
  LeaseLostError,
  NotFoundError,
  TakenError,
  UsageError,
  problemText,
} from '../runtime/errors.js';
import type { SecretMask } from '../runtime/secrets.js';

/** The media type of problems: RFC 9457. */
export const problemMedia = 'application/problem+json';

/** What is wrong with one part of a request. */
export interface FieldProblem {
  /** Where: `query.page`, `body.pipeline_id`. */
  readonly path: string;
  readonly message: string;
}

interface ProblemOptions {
  readonly hint?: string | undefined;
  readonly errors?: readonly FieldProblem[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The log was told the same a moment ago. */
  readonly isTold?: boolean;
}

/** A request that can't be served, with the HTTP status that says so. */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  readonly options: ProblemOptions;

  constructor(status: number, code: string, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.name = 'ProblemError';
    this.status = status;
    this.code = code;
    this.options = options;
  }
}

/** Returns the problem of a request parts of which are not what they must be. */
export function invalidRequest(errors: readonly FieldProblem[], hint?: string): ProblemError {
  const [first] = errors;
  const detail = first === undefined ? 'the request is malformed' : `${first.path}: ${first.message}`;
  return new ProblemError(400, 'INVALID_REQUEST', detail, { errors, hint });
}

/** An answer that tells a problem. */
export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** Node calls 413 by an older name. */
const titles: Readonly<Record<number, string | undefined>> = { ...STATUS_CODES, 413: 'Content Too Large' };

/**
 * Turns anything that was thrown into the problem that a client may see: secrets masked; of an error that nobody foresaw
 * nothing but that there was one.
 */
export function toProblem(error: unknown, secrets: SecretMask): Problem {
  const { status, code, message, hint, errors, headers = {} } = describe(error);
  const body = {
    type: `urn:chainparse:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: titles[status] ?? 'Error',
    status,
    detail: secrets.mask(message),
    code,
    ...(hint === undefined ? {} : { hint: secrets.maskRemembered(hint) }),
    ...(errors === undefined ? {} : { errors: secrets.maskValue(errors) }),
  };
  return { status, headers, body };
}

interface Description extends ProblemOptions {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

function describe(error: unknown): Description {
  if (error instanceof ProblemError) {
    return { ...error.options, status: error.status, code: error.code, message: error.message };
  }
  if (error instanceof ProblemsError) return describeProblems(error);
  if (error instanceof ChainparseError) {
    const { code, message, hint } = error;
    return { status: statusOf(error), code, message, hint };
  }
  return describeFrameworkError(error) ?? { status: 500, code: 'INTERNAL', message: 'something failed: see the log' };
}

/** A definition or an event that was sent: each thing that is wrong with it, at its place. */
function describeProblems({ code, problems, message, hint }: ProblemsError): Description {
  const [first] = problems;
  const errors = problems.map((problem) => ({ path: pathOf(problem), message: problem.message }));
  return { status: 400, code, message: first === undefined ? message : problemText(first), hint, errors };
}

function pathOf(problem: ProblemsError['problems'][number]): string {
  if ('file' in problem) return `${problem.file}:${problem.line}${problem.key === null ? '' : `: ${problem.key}`}`;
  return 'key' in problem ? problem.key : 'body';
}

function statusOf(error: ChainparseError): number {
  if (error instanceof TakenError) return 409;
  if (error instanceof UsageError) return 400;
  if (error instanceof NotFoundError) return 404;
  if (error instanceof ConflictError || error instanceof LeaseHeldError || error instanceof LeaseLostError) return 409;
  // It is no fault of the server's own: the call works once the right is granted.
  if (error.exitCode === 5 || error instanceof DatabaseForbiddenError) return 503;
  return error.exitCode === 6 ? 502 : 500;
}

/** Fastify's own errors say what is wrong with the request; those that carry no status of a client's error are ours. */
function describeFrameworkError(error: unknown): Description | undefined {
  const { statusCode, code } = error as { readonly statusCode?: unknown; readonly code?: unknown };
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500 || typeof code !== 'string') return;
  const title = titles[statusCode] ?? 'Bad Request';
  return {
    status: statusCode,
    code: title.toUpperCase().replaceAll(' ', '_'),
    message: frameworkMessages[statusCode] ?? 'the request is malformed',
  };
}

const frameworkMessages: Readonly<Record<number, string>> = {
  413: 'the body is larger than 1 MiB',
  414: 'a part of the path is longer than 255 characters',
  415: 'the body is of a media type that this call does not read',
};
