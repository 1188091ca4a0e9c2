import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Interface } from 'ethers';
import { parseAbi } from '../src/chain/abi/abi.js';
import { createDecoder, type LogDecoder } from '../src/chain/abi/decoder.js';
import type { RawLog } from '../src/model/event.js';
import { argsText } from '../test/chain/abi/ethers-oracle.js';
import type { Benchmark, Report } from './benchmark.js';
import { answerOf, decodeCases, ethersOf, type DecodeCase } from './decode-cases.js';

interface Contestant {
  readonly name: string;
  /** How many of the logs it reads: as many as take it some hundredths of a second. */
  readonly share: number;
  /** Reads one log; the result shows that it has. */
  readonly read: (log: RawLog) => number;
}

/** Nanoseconds of processor time a log, by contestant. */
type Times = ReadonlyMap<string, number>;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const wanted = { transfersASecond: 500_000, transferTimes: 60, anyTimes: 20 };

/** How quick is our decoder, beside ethers and beside the parsing of the same logs' JSON? */
export const decode: Benchmark = {
  summary:
    'decodes 500,000 Transfers a second, 60 times as many as ethers parseLog and other logs 20 times, to equal arguments',
  async run(options, report) {
    const count = options.number('logs', 50_000);
    const rounds = options.number('rounds', 9);
    for (const each of decodeCases) {
      const answer = answerOf(each, count);
      report.atMost(`${each.name}: logs of ${count} that differ from ethers`, countDifferences(each, answer), 0);
      tell(each, measure(each, answer, rounds), report);
    }
    return Promise.resolve();
  },
};

function tell({ name }: DecodeCase, measured: Times, report: Report): void {
  const perSecond = (who: string): number => 1e9 / (measured.get(who) ?? Number.NaN);
  const ours = perSecond('ours');
  const text = [...measured.keys()].map((who) => `${who} ${(perSecond(who) / 1_000).toPrecision(3)}k/s`).join(', ');
  report.note(`${name}: ${text}; ${(ours / perSecond('JSON.parse')).toPrecision(2)} times JSON.parse`);
  const isTransfer = name === 'Transfer';
  if (isTransfer) report.atLeast(`${name}: logs a second`, ours, wanted.transfersASecond);
  const times = isTransfer ? wanted.transferTimes : wanted.anyTimes;
  report.atLeast(`${name}: times ethers parseLog`, ours / perSecond('parseLog'), times);
}

function oursOf({ event }: DecodeCase): LogDecoder {
  const contracts = [{ addresses: null, abi: parseAbi([event]) }];
  return createDecoder({ contracts, eventsToMonitor: null, addressFilters: [], keepUnknown: false });
}

function countDifferences(each: DecodeCase, answer: string): number {
  const ours = oursOf(each);
  const theirs = ethersOf(each);
  return readAnswer(answer).filter((log) => {
    const decoded = ours.decode(log);
    return decoded.kind !== 'event' || decoded.argsJson !== textByEthers(each, theirs, log);
  }).length;
}

function textByEthers({ event }: DecodeCase, ethers: Interface, log: RawLog): string {
  const parsed = ethers.parseLog(log)!;
  return argsText(parsed.fragment.inputs, event, parsed.args);
}

function contestantsOf(each: DecodeCase): readonly Contestant[] {
  const ours = oursOf(each);
  const ethers = ethersOf(each);
  // Whoever looks at a character of a text makes the engine join the pieces that it is made of.
  const look = (text: string): number => text.charCodeAt(text.length - 1);
  return [
    {
      name: 'ours',
      share: 1,
      read: (log) => {
        const decoded = ours.decode(log);
        return decoded.kind === 'event' ? look(decoded.argsJson) : 0;
      },
    },
    { name: 'parseLog', share: 0.02, read: (log) => ethers.parseLog(log)!.args.length },
    { name: 'parseLog and JSON', share: 0.02, read: (log) => look(textByEthers(each, ethers, log)) },
  ];
}

/** Lets all take turns, and returns the time of the round in which each was least disturbed. */
function measure(each: DecodeCase, answer: string, rounds: number): Times {
  const contestants = contestantsOf(each);
  const times = new Map<string, number[]>([
    ...contestants.map(({ name }): [string, number[]] => [name, []]),
    ['JSON.parse', []],
  ]);
  for (let round = 0; round < rounds; round++) {
    for (const { name, share, read } of contestants) {
      // Parsed anew each time: a text that was looked up once knows its hash.
      const logs = readAnswer(answer);
      const some = logs.slice(0, Math.ceil(logs.length * share));
      times.get(name)!.push(timeOf(() => some.reduce((sum, log) => sum + read(log), 0)) / some.length);
    }
    times.get('JSON.parse')!.push(timeOf(() => JSON.parse(answer) as unknown) / readAnswer(answer).length);
  }
  return new Map([...times].map(([name, all]) => [name, Math.min(...all)]));
}

function readAnswer(answer: string): RawLog[] {
  return JSON.parse(answer) as RawLog[];
}

/** In nanoseconds of the process's own processor time, which a busy machine stretches less than the wall's. */
function timeOf(work: () => unknown): number {
  // Nobody shall clear away what others left.
  collectGarbage();
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1_000;
}
