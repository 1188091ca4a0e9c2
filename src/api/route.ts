import { z } from 'zod';
import type { ServerEvents } from './server-events.js';

/** What a caller must be allowed to: nothing, reading, or changing. */
export type Access = 'open' | 'read' | 'write';

/** What a caller may do: what its token says, or everything where no token is set. */
export type Right = 'anyone' | 'read-token' | 'token';

type Shape = z.ZodType<Record<string, unknown>>;

/** A request's parts, checked by the route's schemas. */
export interface RouteInput<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Aborted when the client is gone or the server ends. */
  readonly signal: AbortSignal;
  /** By which right the caller calls. */
  readonly right: Right;
  /** What the client of a stream has seen last, where it says so. */
  readonly lastEventId: string | undefined;
  /** Returns the OpenAPI document of the server. */
  readonly document: () => object;
}

/** What a route answers with: a JSON value, a text of some media type, a stream of events, or nothing (any more). */
export type RouteAnswer =
  | { readonly status: 204 }
  | { readonly status?: number; readonly json: object }
  | {
      readonly status?: number;
      readonly media: string;
      readonly text: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly events: ServerEvents };

/** What a route's answer looks like, for the OpenAPI document and for tests. */
export type AnswerSpec =
  /** Several statuses, where it has several with the same answer. */
  | {
      readonly status?: number | readonly number[];
      readonly schema: z.ZodType;
      /** Another media type, of text, where a query asks for it. */
      readonly other?: string;
    }
  | {
      readonly media: string;
      readonly what: string;
      /** When it answers with nothing, 204. */
      readonly nothing?: string;
    };

/** One route: said once, used for validation, types and the OpenAPI document. */
export interface RouteSpec<P extends Shape, Q extends Shape, B> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As OpenAPI writes it: `/task/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  readonly access: Access;
  readonly params?: P;
  readonly query?: Q;
  /** The body's schema; `text` where the route reads the text itself (a definition, whose errors name lines). */
  readonly body?: z.ZodType<B> | 'text';
  /** Whole numbers of its body that JavaScript's would round are bigints. */
  readonly keepsDigits?: boolean;
  readonly answer: AnswerSpec;
  /** The statuses of its problems, beside those that every route has. */
  readonly problems?: readonly number[];
  handle(input: RouteInput<z.output<P>, z.output<Q>, B>): RouteAnswer | Promise<RouteAnswer>;
}

/** A route whose types are no longer known: what `registerRoute` works with. */
export type Route = Omit<RouteSpec<Shape, Shape, unknown>, 'handle'> & {
  handle(input: RouteInput<Record<string, unknown>, Record<string, unknown>, unknown>): Promise<RouteAnswer>;
};

/** Makes a route; infers the types of its handler from its schemas. */
export function route<P extends Shape = Shape, Q extends Shape = Shape, B = string>(spec: RouteSpec<P, Q, B>): Route {
  // The schemas have checked what the handler is given.
  const handle = (input: RouteInput<never, never, never>): RouteAnswer | Promise<RouteAnswer> => spec.handle(input);
  return { ...spec, handle: async (input) => handle(input as RouteInput<never, never, never>) };
}

/** What a call sends that takes nothing: no body, or the `{}` that some clients send with every call. */
const emptyBody = z.strictObject({}).nullish();

/** Returns how a route's body is read; undefined: it is not looked at, as that of a call that reads or deletes. */
export function bodyOf({ method, body }: Pick<Route, 'method' | 'body'>): Route['body'] {
  return body ?? (method === 'POST' || method === 'PUT' ? emptyBody : undefined);
}
