import { noteServerTime } from './clock.js';

const tokenKey = 'chainparse.token';

/** A call that the API refused, or that never reached it (status 0). */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = problem.code;
    this.hint = problem.hint;
  }

  /** Says whether the same call may be answered later. */
  get mayPass() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The token lives as long as the tab, and goes out in a header alone: never in a URL, never in a cookie. */
export function readToken() {
  return sessionStorage.getItem(tokenKey);
}

/** Keeps a token for this tab; null forgets it. */
export function keepToken(token) {
  if (token === null) sessionStorage.removeItem(tokenKey);
  else sessionStorage.setItem(tokenKey, token);
}

let askForToken = () => {};

/** Says what is to be done where the API wants a token, or another one. */
export function onUnauthorized(ask) {
  askForToken = ask;
}

/** Returns where a path of the server's is: below the page, which a proxy may have put anywhere. */
function addressOf(path) {
  return new URL(`.${path}`, document.baseURI);
}

/** Sends a request with the token; throws ApiError. Without credentials the browser asks for no password by itself. */
export async function request(path, { headers = {}, ...options } = {}) {
  const token = readToken();
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  if (!fitsHeader(authorization)) {
    askForToken(true);
    throw new ApiError(401, { title: 'Unauthorized' });
  }
  let answer;
  try {
    const all = { ...headers, ...authorization };
    answer = await fetch(addressOf(path), { ...options, credentials: 'omit', headers: all });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, { detail: 'network' });
  }
  noteServerTime(answer);
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401) askForToken(token !== null);
  throw new ApiError(answer.status, problem);
}

/** No server has a token that no header can carry, as one that a word processor has given curly quotes. */
function fitsHeader(headers) {
  try {
    return new Headers(headers) !== null;
  } catch {
    return false;
  }
}

/** Gets JSON. */
export async function getJson(path, options = {}) {
  return (await request(path, options)).json();
}

/** Posts JSON; returns the answer's. */
export async function postJson(path, body = {}) {
  const headers = { 'content-type': 'application/json' };
  return (await request(path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
}
