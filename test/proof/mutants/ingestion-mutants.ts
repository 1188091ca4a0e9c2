import { guardsOf } from './mutant.js';
import type { Mutant } from './mutant.js';

const source = guardsOf('src/chain/logs/log-source.ts', [
  'test/chain/logs/log-source.test.ts',
  'test/chain/logs/log-reader.test.ts',
]);
const readers = guardsOf('src/chain/logs/log-reader.ts', ['test/chain/logs/log-reader.test.ts']);
const parts = guardsOf('src/chain/blocks/bloom.ts', ['test/chain/logs/log-reader.test.ts']);
const clean = guardsOf('src/chain/logs/clean-logs.ts', [
  'test/chain/logs/clean-logs.test.ts',
  'test/chain/logs/log-source.test.ts',
]);
const links = guardsOf('src/chain/blocks/consistency.ts', ['test/chain/logs/clean-logs.test.ts']);
const receipts = guardsOf('src/chain/blocks/block-receipts.ts', ['test/chain/blocks/block-receipts.test.ts']);
const newBlocks = guardsOf('src/chain/logs/new-blocks.ts', ['test/chain/logs/new-blocks.test.ts']);
const shared = guardsOf('src/chain/logs/shared-logs.ts', ['test/chain/logs/shared-logs.test.ts']);
const sure = ['test/chain/logs/sure-logs.test.ts'];
const proofs = guardsOf('src/chain/blocks/proofs.ts', [
  ...sure,
  'test/chain/blocks/proofs.test.ts',
  'test/chain/blocks/bloom-excludes.test.ts',
]);
const optional = guardsOf('src/chain/blocks/receipt-calls.ts', [...sure, 'test/chain/blocks/chain-client.test.ts']);
const once = guardsOf('src/chain/transport/endpoints/endpoint-pool.ts', sure);
const standing = ['test/chain/blocks/standing-head.test.ts'];
const beyond = guardsOf('src/chain/blocks/every-endpoint.ts', standing);
const standsLast = guardsOf('src/chain/transport/endpoints/endpoint-order.ts', standing);
const doubted = guardsOf('src/chain/blocks/head-feed.ts', standing);
const together = guardsOf('src/chain/logs/hear-together.ts', ['test/chain/logs/hear-together.test.ts']);
const agreed = guardsOf('src/chain/logs/agreed-logs.ts', sure);
const sureLogs = guardsOf('src/chain/logs/sure-logs.ts', sure);
const caps = guardsOf('src/chain/logs/silent-caps.ts', ['test/chain/logs/silent-caps.test.ts']);
const early = guardsOf('src/chain/logs/early-times.ts', ['test/chain/logs/log-source.test.ts']);
const sampled = guardsOf('src/chain/logs/log-source.ts', ['test/chain/logs/silent-caps.test.ts']);
const proven = guardsOf('src/chain/logs/log-proofs.ts', [
  'test/chain/logs/log-proofs.test.ts',
  'test/chain/logs/log-source.test.ts',
  'test/chain/logs/log-reader.test.ts',
]);
const omissions = guardsOf('src/chain/logs/omissions.ts', ['test/chain/logs/omissions.test.ts']);
const stretch = guardsOf('src/chain/blocks/read-stretch.ts', ['test/components/event-monitor/event-monitor.test.ts']);
const forkTests = ['test/components/event-monitor/forked-endpoints.test.ts'];
const forks = guardsOf('src/chain/blocks/read-stretch.ts', forkTests);
const patience = guardsOf('src/chain/blocks/lag-patience.ts', forkTests);
const astray = guardsOf('src/chain/transport/endpoints/endpoint-pool.ts', [
  'test/chain/transport/endpoints/other-fork.test.ts',
]);
const seams = guardsOf('src/chain/blocks/read-range.ts', ['test/chain/blocks/read-stretch.test.ts']);
const reorg = guardsOf('src/chain/blocks/reorg.ts', ['test/components/event-monitor/event-monitor.test.ts']);
const reader = guardsOf('src/components/event-monitor/block-reader.ts', [
  'test/components/event-monitor/event-monitor.test.ts',
]);
const heads = guardsOf('src/chain/blocks/head-reader.ts', ['test/chain/blocks/head-reader.test.ts']);
const rhythm = guardsOf('src/chain/blocks/block-rhythm.ts', ['test/chain/blocks/block-rhythm.test.ts']);
const size = guardsOf('src/chain/logs/range-size.ts', ['test/chain/logs/range-size.test.ts']);
const limits = guardsOf('src/chain/logs/endpoint-limits.ts', ['test/chain/logs/range-size.test.ts']);
const calls = guardsOf('src/chain/logs/log-calls.ts', ['test/chain/logs/log-source.test.ts']);
const chain = guardsOf('src/chain/transport/endpoints/chain-check.ts', ['test/chain/blocks/chain-client.test.ts']);
const silence = guardsOf('src/chain/transport/endpoints/chain-check.ts', [
  'test/chain/transport/endpoints/endpoint-outage.test.ts',
]);
const connections = ['test/chain/transport/endpoints/chain-check.test.ts'];
const checked = guardsOf('src/chain/transport/endpoints/chain-check.ts', connections);
const asker = guardsOf('src/chain/transport/endpoints/endpoint-asker.ts', connections);
const monitor = guardsOf('src/components/event-monitor/monitor-run.ts', [
  'test/components/event-monitor/event-monitor.test.ts',
]);
const answer = guardsOf('src/chain/transport/rpc/answer-reader.ts', ['test/chain/transport/rpc/json-rpc.test.ts']);
const values = guardsOf('src/chain/transport/rpc/rpc-values.ts', ['test/chain/blocks/chain-client.test.ts']);
const digits = guardsOf('src/chain/logs/log-json/hex-readers.ts', ['test/chain/logs/log-json/log-layout.test.ts']);
const decimals = guardsOf('src/chain/logs/log-json/hex-readers.ts', ['test/chain/portal/portal-lines.test.ts']);
const batches = ['test/database/events/batch-store.test.ts'];
const rollback = guardsOf('src/database/events/batch-store.ts', batches, '(sqlite)');
const takenAway = guardsOf('src/database/events/journal.ts', batches, '(sqlite)');

/** What tells a whole and true answer of a node from others, and what keeps requests from going in circles. */
export const ingestionMutants: readonly Mutant[] = [
  monitor(
    'rests-at-head',
    'a run that is told its head again sleeps on only where it has done all that it was to do behind it',
    'head.hash !== this.#restsAt || ',
    '',
  ),
  values('too-large', 'no number comes through that no table holds', 'if (number > largest) throw', 'if (false) throw'),
  stretch('chain-first', 'nothing is taken back for another chain', 'await this.#chain.askForChain(signal);', ''),
  forks(
    'one-still-has-it',
    'nothing is parked as long as one endpoint has the block that was read',
    'const { have, lack } = hearing;',
    'const { lack } = hearing; const have: readonly string[] = [];',
  ),
  patience(
    'silent-may-know',
    'an endpoint that does not answer at that moment is waited for',
    'return isUnsure && ',
    'return false && ',
  ),
  astray(
    'majority-stays',
    'more endpoints than have the block are not put aside',
    'astray.length > have.length',
    'false',
  ),
  astray(
    'somebody-left',
    'two pipelines on two forks do not put all endpoints aside',
    'for (const name of have) this.#find(name)?.readmit();',
    '',
  ),
  stretch(
    'stored-below',
    'rows tell of a chain that begins anew',
    '?? (await this.#storedBlock(latest.number))',
    '?? null',
  ),
  stretch(
    'lag-once',
    'a lower head is compared with the chain once',
    'if (latest.hash === this.#lowerHead) return undefined;',
    '',
  ),
  monitor('begun-above', 'a run that begins above the head is not done', '(isRead && !this.#isInDoubt)', 'isRead'),
  monitor(
    'finality-of-another',
    'no finality is told before what was read is known to be of the same chain',
    'finalizedBlock: this.#finalized,',
    'finalizedBlock: this.#head?.finalized,',
  ),
  monitor(
    'nothing-to-read',
    'a run with nothing more to read looks whether its last block was replaced',
    ' || this.#isReplaceable(stretch)',
    '',
  ),
  rhythm(
    'hasty-stamps',
    'no more than the poll interval lies between two looks',
    'return Math.min(aim, lookedAt + pollMs);',
    'return aim;',
  ),
  digits(
    'too-large-digits',
    'nor one that is read from its bytes',
    'numberDigits && value <= this.#largest',
    'numberDigits',
  ),
  decimals(
    'too-large-decimals',
    'nor one that a portal writes',
    'return isWritten && this.value <= this.#largest',
    'return isWritten',
  ),
  clean(
    'told-in-two-ways',
    'an answer that tells one log in two ways is not believed',
    'else if (contentOf(first) !== contentOf(log))',
    "else if (contentOf(first) === '')",
  ),
  proven(
    'hidden-logs',
    'an empty answer is not believed where the bloom filter tells of logs',
    'if (doubtful.headers.length === 0) return logs;',
    'if (doubtful.headers.length >= 0) return logs;',
  ),
  proven(
    'hidden-behind-others',
    'that the first of them holds none says nothing of the others',
    'if (!logsAlike(logs, ofBlock(header.number)))',
    'if (logs.length >= 0)',
  ),
  proven(
    'distrusted-whole',
    'an answer that left out the logs of one block is not believed of the others',
    'if (range.from !== range.to) throw',
    'if (range.from > range.to) throw',
  ),
  proven(
    'proven-once-caught',
    'of an endpoint that was caught every block is proven that may hold something',
    'const doubtful = chain.caught.has(endpoint) ?',
    "const doubtful = endpoint === '' ?",
  ),
  proven(
    'header-not-believed',
    'where headers may not be believed every block of it is looked at',
    ' || !chain.proofs.mayExclude(header)',
    '',
  ),
  proven(
    'repeated-is-no-proof',
    'what the only endpoint says again proves nothing',
    'this.#hasOthers(endpoint) ? heard',
    "endpoint !== '' ? heard",
  ),
  omissions(
    'empty-answers',
    'who gives no logs at all is held against another endpoint',
    'if (!this.#giving.has(endpoint)) await this.#compare(endpoint, range, call);',
    '',
  ),
  omissions(
    'made-up-logs',
    'what another endpoint gives counts only where a header tells of it',
    "return header?.hash === one.blockHash && bloomTells(filter)(header) ? one : 'unknown';",
    'return one;',
  ),
  omissions(
    'opening-answers',
    'until another one has confirmed that there are no logs, what comes meanwhile waits for that',
    'while (giver.opening !== null) {',
    'while (giver.seen < 0) {',
  ),
  calls(
    'cut-off-ranges',
    'a range whose answer is cut off each time is asked for in smaller parts',
    'return times >= cutOffUntilTold;',
    'return times < 0;',
  ),
  proofs(
    'receipts-root',
    'receipts that do not give the root in the header are not believed where others have given theirs',
    "if (this.#isCovered && (this.#roots || this.isProven(header))) return 'false';",
    '',
  ),
  proofs(
    'late-receipts',
    'a node that has a block, and no receipts of it yet, is waited for',
    "if (count === 0 && header.receiptsRoot !== undefined) return isRoot ? this.#ofNone(header) : 'late';",
    '',
  ),
  proofs(
    'root-of-none',
    'the root of no receipts proves nothing of a block whose bloom filter tells of logs',
    "return /[^f]/.test(bits) ? 'late' : 'unproven';",
    "return 'proven';",
  ),
  proofs(
    'own-header',
    'a bloom filter of zeros is believed only of a header that gives its hash',
    'if (!/[^0]/.test(logsBloom.slice(2))) return this.isProven(header);',
    'if (!/[^0]/.test(logsBloom.slice(2))) return true;',
  ),
  proofs(
    'whole-block',
    'logs are all of a block only where they give the bloom filter of its header',
    'return logsBloom === logsBloomOf(logs);',
    'return logsBloom !== logs.join();',
  ),
  proofs(
    'zeros',
    'no logs are not the whole of a block because its bloom filter was shown as zeros',
    'if (logs.length === 0 && !this.isProven(header)) return false;',
    '',
  ),
  agreed(
    'cut-new-blocks',
    'a range of new blocks that may be cut off is not asked for in the same way again',
    "if (heard.some(({ logs }) => this.#mayBeCut(asked, logs))) way = 'hashes';",
    '',
  ),
  agreed(
    'said-again',
    'what one endpoint says of a new block must be said again',
    'return isSame && (now.head > last.number || isLate) ? now : null;',
    'return isLate || then === undefined ? now : null;',
  ),
  agreed(
    'two-endpoints',
    'two endpoints must say the same, or are asked again',
    'if (now === undefined || others.length > 0 || receipts !== null) return null;',
    'if (now === undefined || receipts !== null) return null;',
  ),
  agreed(
    'one-node',
    'what one node says over HTTP and over a WebSocket is said once',
    'this.#isOfOneNode(voice, other) && logsAlike(voice.logs, other.logs)',
    'false',
  ),
  agreed(
    'hollow-block',
    'no logs are not taken in silence where a header tells of some',
    'if (hollow === undefined) return agreed.logs;',
    'if (hollow === undefined || isLate) return agreed.logs;',
  ),
  agreed(
    'unknown-block',
    'no logs of a range are not believed of a block that its node does not know by its hash',
    'if (!(error instanceof RpcError) || (way === byHashes && isLag(error))) throw error;',
    'if (!(error instanceof RpcError)) throw error;',
  ),
  agreed(
    'lag-in-between',
    'a node behind a URL that lacks a block which another one had is asked again',
    'if (fatal === undefined && wereThere && failures.some(isLag)) return voices;',
    '',
  ),
  agreed(
    'answer-before-outage',
    'the chain is not out of reach where one endpoint says that it has not got the blocks',
    'throw fatal ?? failures.find(isAnswer) ?? failures[0];',
    'throw fatal ?? failures[0];',
  ),
  agreed(
    'known-to-be-away',
    'an endpoint that is known to be away is not waited for',
    'reachable.includes(endpoint) && !asked',
    '!asked',
  ),
  optional(
    'receipts-elsewhere',
    'receipts are not waited for of an endpoint that is away while another one is there',
    'const isOptional = only.length < names.length;',
    'const isOptional = false;',
  ),
  optional(
    'receipts-not-asked',
    'whoever can not even be asked for receipts fails at them',
    'if (error instanceof RpcError) this.#note(asked, error);',
    '',
  ),
  doubted(
    'doubt-head',
    'others are asked, too, where the head has stood still for long',
    'this.#answer({ head: this.#headBy(head) }); this.#doubt();',
    'this.#answer({ head: this.#headBy(head) });',
  ),
  doubted(
    'doubt-head-seldom',
    'but only now and then',
    'if (head === null || now - Math.max(this.#movedAt, this.#doubtedAt) < this.#stillMs) return;',
    'if (head === null) return;',
  ),
  beyond(
    'block-behind-head',
    'a higher head counts only where the block behind is there',
    'return head !== null && head.number > block && headerIn(next, block + 1) !== null;',
    'return head !== null && head.number > block;',
  ),
  standsLast(
    'standing-last',
    'whose head stands still is asked after the others',
    'if (standing.length === 0) return this.#list;',
    'if (standing.length < 9) return this.#list;',
  ),
  once(
    'optional-once',
    'nor of one with troubles of its own',
    "if (of === 'request for its sender' || question.isOptional === true) throw failure;",
    "if (of === 'request for its sender') throw failure;",
  ),
  together(
    'refused-once',
    'who is away is waited for as long as a request may take once another has said that it can not',
    'if (isAnswer(error)) void endLater(enough, longPatienceMs, clock);',
    '',
  ),
  sureLogs(
    'false-receipts',
    'receipts that stay false are not replaced by what the same endpoint says otherwise',
    'if (first !== undefined && this.#notAsked().length === 0)',
    'if (first !== undefined && complaints.length < 0)',
  ),
  sureLogs(
    'false-unheard',
    'nor is it heard beside others',
    'told.unproven, this.#notAsked(), call)',
    'told.unproven, [], call)',
  ),
  sureLogs(
    'false-lacking',
    'what even false receipts hold is not left out',
    'if (lacking !== undefined) throw',
    'if (lacking === null) throw',
  ),
  sureLogs(
    'false-left-alone',
    'it is not waited for at each block',
    'this.#falseUntil.set(endpoint, chain.now() + falseForMs);',
    'this.#falseUntil.set(endpoint, chain.now() + 1);',
  ),
  caps(
    'silent-cap',
    'an answer with as many logs as its endpoint ever gave is looked at',
    'if (!isSuspect(answer, range, given)) return;',
    'if (range.from >= 0) return;',
  ),
  caps('cut-at-the-end', 'its last block is asked for again, and what is behind it', ': [start, tail];', ': [start];'),
  caps('cut-at-the-start', 'and its first one, and what is before it', ': [start, tail];', ': [tail];'),
  caps(
    'look-elsewhere',
    'what may be cut off is looked at with another endpoint where its own is away',
    'const client = this.#chain.via({ first: endpoint });',
    'const client = this.#chain.via({ only: [endpoint] });',
  ),
  caps(
    'look-gives-less',
    'less at a second look is no limit',
    'if (more.some((count) => count > 0)) return false;',
    'if (more.some((count) => count !== 0)) return false;',
  ),
  sampled(
    'one-header-first',
    'an endpoint that contradicts headers is asked for one of them at each try, not for all',
    'await this.#lookAgain(answer, endpoint, call);',
    '',
  ),
  sampled(
    'contradictions-wait',
    'an endpoint that goes on contradicting headers is asked less and less often',
    'this.#contradictions++;',
    '',
  ),
  sampled(
    'sampled-header',
    'the header of one block is looked at where logs tell their times',
    'const asked = missing.size > 0 || early.length > 0 ? [...missing] : this.#sample(logs, headers);',
    'const asked = [...missing];',
  ),
  early(
    'early-for-many',
    'times are asked for beside the logs only where nearly all are wanted',
    'this.#share < shareNeeded || ',
    '',
  ),
  parts(
    'hidden-part',
    'each part of a filter is looked for in the bloom filter',
    'filters.length === 1 ? logs : logs.filter(isWanted)',
    'logs',
  ),
  source(
    'hash-of-header',
    'a log must stand in the block whose header is known',
    'this.#compare(logs, [...headers, ...blocks], endpoint);',
    'this.#compare(logs, blocks, endpoint);',
  ),
  source(
    'hash-of-time',
    'and in the block whose time it is given',
    'this.#compare(logs, [...headers, ...blocks], endpoint);',
    'this.#compare(logs, headers, endpoint);',
  ),
  source(
    'removed-logs',
    'logs that the chain took back make an answer worthless',
    'if (removed > 0) throw',
    'if (removed < 0) throw',
  ),
  source(
    'verified-headers',
    'blocks that may yet be replaced are read with all of their headers',
    'call.verified ? await',
    'options.verified && range.to < 0 ? await',
  ),
  clean(
    'repeated-logs',
    'a log that came twice counts once',
    'logs: dropRepeats(standing.sort(byPosition)),',
    'logs: standing.sort(byPosition),',
  ),
  clean('stray-logs', 'logs that nobody asked for are dropped', ' && isWanted(log));', ');'),
  clean(
    'stray-blocks',
    'so are those of other blocks',
    'log.blockNumber >= range.from && log.blockNumber <= range.to && ',
    '',
  ),
  links(
    'links',
    'each header must be the child of the one before',
    'if (parent !== undefined && header.parentHash !== parent.hash) {',
    'if (parent !== undefined && header.parentHash === "") {',
  ),
  links(
    'neighbours',
    'logs of one block name the same hash',
    'else if (hash !== blockHash) throw',
    'else if (hash === "") throw',
  ),
  receipts(
    'receipts-of-block',
    'receipts must be those of the block',
    'if (logs.some((log) => log.blockHash !== header.hash)) throw',
    'if (logs.length < 0) throw',
  ),
  receipts(
    'receipts-gap',
    'receipts number their logs without a gap',
    'if (indexes.some((logIndex, place) => logIndex !== place)) throw',
    'if (indexes.length < 0) throw',
  ),
  receipts(
    'receipts-bloom',
    'receipts must give the bloom filter of the header',
    'if (logsBloomOf(logs) !== logsBloom) throw',
    'if (logsBloomOf(logs) === "") throw',
  ),
  newBlocks('new-block-hashes', 'logs asked for by hash must be of these blocks', 'checkHashes(logs, headers);', ''),
  shared(
    'shared-header',
    'logs that were proven by one header are not taken as proven by another that bears the same hash',
    "return `${hash} ${receiptsRoot ?? ''} ${logsBloom ?? ''}`;",
    'return [hash, receiptsRoot, logsBloom][0] as string;',
  ),
  shared(
    'shared-refused',
    'where no node gives whole blocks each pipeline asks for its own logs',
    'if (!(error instanceof RpcError) && !isDeclined(error)) throw error;',
    'throw error;',
  ),
  stretch(
    'parent',
    'a new block must be the child of the last one that was read',
    'return this.#last === null || first?.parentHash === this.#last.hash;',
    'return this.#last === null || first !== undefined;',
  ),
  stretch(
    'replaced',
    'a read block that has another hash now was replaced',
    'if ((await this.#headerOf(last.number, latest, signal)).hash !== last.hash) return last;',
    '',
  ),
  stretch(
    'replaced-below',
    'so was one below a chain that was begun anew',
    'if ((await this.#headerOf(held.number, latest, signal)).hash !== held.hash) return held;',
    '',
  ),
  stretch('floor', 'what is below the stretch tells of a chain begun anew', 'number)) ?? this.#floor;', 'number));'),
  reader(
    'begun-anew',
    'no batch holds blocks of two chains of the same id',
    'if (await this.#history.isBegunAnew) {',
    'if (false) {',
  ),
  seams(
    'seam-unlinked',
    'ranges between which another node may have come are looked at where they meet',
    '!areOfOneNode(range, next, now)',
    'false',
  ),
  seams(
    'seam-strange',
    'a range that tells that it follows another block is looked at',
    'next.parentHash !== range.last.hash',
    'false',
  ),
  seams(
    'seam-both',
    'both are, for they must be of one chain',
    'seams.add(range.last).add(next.last)',
    'seams.add(range.last)',
  ),
  reader(
    'final-replaced',
    'a final block is looked at before more is read behind it',
    'await stretch.findReplaced(head, isMore, signal);',
    'await stretch.findReplaced(head, false, signal);',
  ),
  source(
    'pass-over-liar',
    'who gives no whole answer is asked after the others',
    '    this.#options.chain.distrust(endpoint);\n    const text',
    '    const text',
  ),
  readers('pass-over-receipts', 'who gives no whole receipts, too', '      this.#chain.distrust(endpoint);\n', ''),
  stretch(
    'held-whole',
    'all is taken back only where every block is remembered',
    'if (floor < 0 || !this.#isHeldWhole()) throw',
    'if (floor < 0) throw',
  ),
  reorg(
    'ancestor',
    'an ancestor is a block that the chain still has',
    '.hash === block.hash) low = middle + 1;',
    '.number === block.number) low = middle + 1;',
  ),
  reader(
    'final-remembered',
    'the final block stays remembered, as the ancestor of all above it',
    'return finalized - 1;',
    'return finalized + 1;',
  ),
  heads(
    'above-head',
    'nothing is read above the head',
    'const readable = Math.min(latest.number, await',
    'const readable = Math.max(-1, await',
  ),
  heads(
    'settled',
    'blocks that a lagging node may not have yet are verified',
    'const settled = Math.min(finalized, latest.number - this.#chain.settledDepth);',
    'const settled = latest.number;',
  ),
  heads(
    'finality-stays',
    'what was final once stays so',
    'const number = Math.max(known, Math.min(answer.number, latest.number));',
    'const number = Math.min(answer.number, latest.number);',
  ),
  size(
    'suggestion-shrinks',
    'a suggestion is taken only if it is smaller than what was refused',
    ' || suggestion.to >= asked.to) return undefined;',
    ') return undefined;',
  ),
  size('suggestion-once', 'and only once', 'suggestions.delete(range.from);', ';'),
  size(
    'waste',
    'few requests are refused for the sake of larger ones',
    'return this.#wasted + 1 <= borne;',
    'return borne > 0;',
  ),
  size('one-trial', 'one request at a time tries more than is known to work', '|| this.#isTrying(known) ||', '||'),
  limits('stated-cap', 'a stated cap is remembered', '      this.#cap = error.cap;\n', ''),
  calls(
    'not-there',
    'a node without the last block of a range has not answered for it',
    'const header = headerOf(last, range.to, endpoint);',
    'const header = last?.ok === true && last.value !== null ? headerOf(last, range.to, endpoint) : ({} as never);',
  ),
  chain(
    'other-chain',
    'an endpoint of another chain is not asked',
    'const isOurs = chainId === undefined || found === chainId;',
    'const isOurs = found > 0;',
  ),
  checked('new-connection', 'a new connection may lead elsewhere', 'rpc.onConnect(() => this.doubt());', ''),
  checked(
    'closed-each-time',
    'nobody asks for the chain at each of many connections',
    'this.#soon <= soonBorne',
    'true',
  ),
  asker(
    'answer-of-stranger',
    'what came over a new connection counts only once its chain is known',
    'return (await this.#askForChain(passage, signal)) ?? outcome;',
    'return outcome;',
  ),
  silence(
    'other-chain-later',
    'nor one that may be another node by now',
    ' && now - this.#heardAt < heardForMs);',
    ');',
  ),
  answer(
    'answer-of-another',
    'an answer must belong to its request',
    '|| reply.id === String(id)) return reply;',
    '|| reply.id !== "") return reply;',
  ),
  takenAway('taken-back', 'a rollback takes the events back', ", deleteRows(database, 'event', pipelineId, which)", ''),
  takenAway(
    'taken-back-logs',
    'and what could not be decoded',
    ", deleteRows(database, 'undecoded_log', pipelineId, which)",
    '',
  ),
  rollback(
    'taken-back-blocks',
    'and forgets the blocks',
    "deleteRows(this.#database, 'recent_block', pipelineId, above),",
    '',
  ),
  rollback(
    'replaced-rows',
    'rows of blocks that are read again are replaced',
    'commit.replaces ? await this.#replace(commit) : rowsOf(commit, prepared)',
    'rowsOf(commit, prepared)',
  ),
];
