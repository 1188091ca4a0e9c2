import { guardsOf } from './mutant.js';
import type { Mutant } from './mutant.js';

const outages = 'test/chain/transport/endpoints/endpoint-outage.test.ts';
const found = 'test/chain/transport/endpoints/endpoint-limits-found.test.ts';
const choice = 'test/chain/transport/endpoints/endpoint-choice.test.ts';
const breaker = guardsOf('src/chain/transport/endpoints/circuit-breaker.ts', [
  'test/chain/transport/endpoints/circuit-breaker.test.ts',
  outages,
]);
const inFlight = guardsOf('src/chain/transport/endpoints/in-flight-limit.ts', [
  'test/chain/transport/endpoints/in-flight-limit.test.ts',
]);
const rate = guardsOf('src/chain/transport/endpoints/request-rate.ts', [
  'test/chain/transport/endpoints/request-rate.test.ts',
]);
const stated = guardsOf('src/chain/transport/endpoints/stated-window.ts', [
  'test/chain/transport/endpoints/stated-rate.test.ts',
]);
const waiting = guardsOf('src/chain/transport/endpoints/waiting-calls.ts', [
  'test/chain/transport/endpoints/waiting-calls.test.ts',
]);
const endpoint = guardsOf('src/chain/transport/endpoints/pooled-endpoint.ts', [outages, found]);
const refusing = guardsOf('src/chain/transport/endpoints/pooled-endpoint.ts', [
  'test/chain/transport/endpoints/pooled-endpoint.test.ts',
]);
const throttled = 'test/chain/transport/endpoints/throttled-endpoints.test.ts';
const trial = guardsOf('src/chain/transport/endpoints/rate-trial.ts', [
  'test/chain/transport/endpoints/rate-trial.test.ts',
]);
const alone = guardsOf('src/chain/transport/endpoints/in-flight-limit.ts', [throttled], 'at a time');
const endless = 'test/chain/transport/rpc/endless-answers.test.ts';
const http = guardsOf('src/chain/transport/rpc/http-endpoint.ts', [endless]);
const socket = guardsOf('src/chain/transport/rpc/websocket-connection.ts', [endless]);
const given = guardsOf('src/chain/transport/rpc/http-endpoint.ts', ['test/chain/transport/rpc/http-endpoint.test.ts']);
const late = guardsOf('src/chain/transport/endpoints/late-requests.ts', [
  'test/chain/transport/endpoints/late-requests.test.ts',
]);
const sockets = guardsOf('src/chain/transport/rpc/websocket-endpoint.ts', [endless]);
const turns = guardsOf('src/chain/transport/endpoints/endpoint-turns.ts', [outages, choice]);
const several = ['test/chain/logs/several-endpoints.test.ts'];
const together = guardsOf('src/chain/transport/endpoints/endpoint-turns.ts', several);
const ahead = guardsOf('src/chain/logs/log-prefetcher.ts', [...several, 'test/chain/logs/log-prefetcher.test.ts']);
const order = guardsOf('src/chain/transport/endpoints/endpoint-order.ts', [choice]);
const call = guardsOf('src/chain/transport/endpoints/pending-call.ts', [
  outages,
  found,
  'test/chain/blocks/chain-client.test.ts',
  'test/chain/transport/endpoints/pending-call.test.ts',
]);

/** Which endpoint is asked, when, and how often. */
export const endpointMutants: readonly Mutant[] = [
  breaker(
    'one-try',
    'one call tries an endpoint that is away',
    'this.#tryingSince === null ? this.#retryAt : Number.POSITIVE_INFINITY',
    'this.#retryAt',
  ),
  breaker(
    'stale-failure',
    'what left before tells nothing new',
    'if (this.#openedAt !== null && since < this.#openedAt) return false;',
    '',
  ),
  endpoint('no-herd', 'who returns is not run over', 'this.inFlight.restart();', ';'),
  endpoint('given-up-try', 'a try that was given up makes way', 'this.breaker.end(since);', ''),
  refusing(
    'known-rate',
    'what is refused at a rate that was found is refused for that',
    ' && !this.rate.isFound;',
    ';',
  ),
  endpoint('refused-together', 'what was refused together counts once', 'if (since <= this.#slowedAt) return;', ''),
  endpoint(
    'simple-first',
    'an outage is told from a bad range',
    "if (this.breaker.state !== 'closed' && !error.lostConnection) this.chain.distrust();",
    '',
  ),
  inFlight(
    'scouts-first',
    'nothing follows a scout before it is answered',
    'return this.#scouts < this.#scoutsWanted() && this.#inFlight >= this.most + this.#scouts;',
    'return this.#inFlight < this.reach;',
  ),
  inFlight('single-refusal', 'a single refusal may be chance', 'if (crowd.refused < 2 && !isSure) return;', ''),
  inFlight(
    'chosen-by-chance',
    'of a number that is taken some are not refused',
    'if (this.#crowd?.isContradicted(departure) === true) {',
    'if (this.#crowd?.isContradicted(departure) === null) {',
  ),
  inFlight('unused-number', 'a number that is not reached does not grow', 'if (this.#answersOfFull <= 0) return;', ''),
  rate('left-before', 'what left before a rate was lowered tells nothing new', 'if (since < this.#since) return;', ''),
  rate('rate-of-nothing', 'nor does what answers nothing at all', 'if (this.#answered === 0 ||', 'if ('),
  stated(
    'yet-to-count',
    'what is on its way is taken off what is left',
    'this.#left - inFlight * this.#cost < 1',
    'this.#left < 1',
  ),
  stated(
    'no-end',
    'an end that lies far away stops nobody for ever',
    'heardAt + Math.min(ms, longestRestMs)',
    'heardAt + ms',
  ),
  refusing(
    'told-refusal',
    'what headers explain is not refused for the number at a time',
    'stated !== undefined || isTold ||',
    'stated !== undefined ||',
  ),
  rate('set-rate', 'a rate that was set is kept to', 'Math.min(perSecond, this.#most)', 'perSecond'),
  waiting(
    'gone-waiter',
    'who is gone takes no place',
    'this.#waiters = this.#waiters.filter((other) => other !== waiter);',
    '',
  ),
  waiting(
    'urgent-first',
    'what is new goes first',
    'all.filter((each) => each.rank === rank)',
    "all.filter(() => rank === 'new')",
  ),
  given(
    'given-up-here',
    'what was given up here says nothing about who stands there',
    "if (code !== 'UND_ERR_INFO' || message !== 'aborted') isSure = false;",
    'isSure = false;',
  ),
  late('late-share', 'few are made twice', 'return this.#saved >= 1 && this.#saved-- > 0;', 'return true;'),
  turns('look-again', 'who is away is looked at', 'if (trusted.length > 0) this.#lookAgain(candidates, now);', ''),
  turns(
    'archive',
    'old ranges go where history is',
    '[first, able, trusted, candidates]',
    '[first, trusted, candidates]',
  ),
  turns('counted-wait', 'waiting ends some day', 'call.waitsFor(usable);', ''),
  together(
    'best-alone',
    'who gives little is not asked as long as who gives much takes more',
    'if (!isUrgent && alike.some((endpoint) => isUnlimited(endpoint, now))) return alike;',
    '',
  ),
  together('alike-together', 'who gives as much is asked beside it', 'return alike;', 'return alike.slice(0, 1);'),
  together(
    'cut-when-taken',
    'what an endpoint is asked for is known as soon as it is chosen',
    'demand.taken?.(free.name);',
    '',
  ),
  ahead(
    'move-up',
    'what has not left asks for what is left over',
    'this.#lanes.moveUp(this.#next, (range) => this.#expectedBytes(range));',
    '',
  ),
  trial('answers-fall', 'what a limit lets through is no chance', '|| answers > this.#answers * fallen', ''),
  trial('refusals-stay', 'a lower rate that helps is kept', 'share < this.#share * helped', 'share < 0'),
  trial('most-refused', 'whoever refuses most means it', 'if (share > mostNoise) {', 'if (share > 2) {'),
  alone('one-alone', 'one alone is not one of too many', 'if (together < 2) return;', ''),
  http(
    'endless-answer',
    'an answer is counted before it is kept',
    'if (received.length + piece.length > this.#options.maxBytes)',
    'if (received.length > 16 * this.#options.maxBytes)',
  ),
  http(
    'long-claim',
    'nor begun where it says that it is too long',
    'expected > this.#options.maxBytes',
    'expected < 0',
  ),
  http(
    'packed',
    'what is packed is not read',
    'if (/^(identity)?$/i.test(String(packed).trim())) return undefined;',
    'return undefined;',
  ),
  socket('endless-message', 'a message is counted, too', 'maxPayload: maxBytes,', 'maxPayload: 16 * maxBytes,'),
  sockets(
    'dribble',
    'a message that dribbles in holds up no other',
    'late !== null && connection?.heard === heard',
    'late?.text === ""',
  ),
  order('no-flapping', 'small differences change nothing', 'best.cost < 1 - gain', 'best.cost < 1'),
  order('sparing', 'who has just failed is spared', 'this.isLast(other, now) ||', ''),
  call('own-rest', 'an endpoint that rests says itself until when', 'if (!isHeldBack) trouble', 'trouble'),
];
