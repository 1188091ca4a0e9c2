import { expect } from 'chai';
import { compileWhere } from '../../../src/chain/abi/compile-where.js';
import { parseDefinition } from '../../../src/pipeline/definition/read-definition.js';
import { printDefinition } from '../../../src/pipeline/definition/print-definition.js';
import type { EventMonitorConfig } from '../../../src/components/event-monitor/config.js';
import type { AbiFragment } from '../../../src/model/pipeline.js';
import { cases, problemsOf } from '../../pipeline/definition/definition-failures.js';
import { definitionOptions, monitorYaml } from '../../pipeline/definition/definition-texts.js';

const alice = '0x52908400098527886E0F7030069857D2E4169EE7';
const where = (...lines: string[]): string => monitorYaml('where:', ...lines.map((line) => `  ${line}`));

function monitorWith(conditions: object): object {
  const keys = { name: 'a', type: 'event_monitor', chain_name: 'base', abi_path: 'builtin:erc20' };
  return { ...keys, where: conditions };
}

async function configOf(text: string): Promise<EventMonitorConfig> {
  const { components } = await parseDefinition(text, 'p.yaml', definitionOptions);
  return components[0]?.config as unknown as EventMonitorConfig;
}

describe('the key where', () => {
  it('takes a value, a list, and comparisons, in any case and of any size', async () => {
    const text = where(
      `args.from: ["${alice}", 0x8617e340b3d01fa5f11f306f4090fd50e238070d]`,
      'args.value: {gt: 1000000, lte: 115792089237316195423570985008687907853269984665640564039457584007913129639935}',
    );
    expect((await configOf(text)).where).to.deep.equal({
      'args.from': { in: [alice, '0x8617e340b3d01fa5f11f306f4090fd50e238070d'] },
      'args.value': { gt: '1000000', lte: String(2n ** 256n - 1n) },
    });
    expect((await configOf(where(`args.from: "${alice.toLowerCase()}"`))).where).to.deep.equal({
      'args.from': { eq: alice.toLowerCase() },
    });
  });

  it('keeps every character of a text, and finds a number between spaces', async () => {
    const inputs = ['string', 'uint256'].map((type, at) => ({ name: 'sn'.charAt(at), type, indexed: false }));
    const abi = [{ type: 'event', name: 'Said', inputs }];
    for (const text of ['\ufeffBOM', ' x', 'x\n', '\u00a0']) {
      const monitor = { ...monitorWith({ 'args.s': text, 'args.n': { in: [' 5 ', '6'] } }), abi_path: undefined, abi };
      const definition = await parseDefinition(
        JSON.stringify({ name: 'x', components: [monitor] }),
        'p.json',
        definitionOptions,
      );
      const config = definition.components[0]?.config as unknown as EventMonitorConfig;
      const { where: stored = {} } = config;
      expect(stored['args.s']).to.deep.equal({ eq: text });
      const conditions = compileWhere(abi[0] as AbiFragment, stored);
      const passes = (args: object): boolean | undefined => conditions?.passes({ topics: [] }, JSON.stringify(args));
      expect(passes({ s: text, n: '5' }), 'as it was written').to.equal(true);
      expect(passes({ s: text.trim(), n: '5' }), 'without what is around it').to.equal(false);
      expect(passes({ s: text, n: '7' })).to.equal(false);
      expect(await configOf(printDefinition(definition))).to.deep.equal(config);
    }
  });

  it('is printed as it can be read again', async () => {
    const definition = await parseDefinition(where('args.value: {gte: 5, ne: "7"}'), 'p.yaml', definitionOptions);
    const again = await parseDefinition(printDefinition(definition), 'p.yaml', definitionOptions);
    expect(again.components).to.deep.equal(definition.components);
  });

  it('is told of all that is wrong at once, each with its line and key', async () => {
    const text = where(
      'args.form: "0x12"',
      'args.value: {gtt: 5, gt: [1], in: 3}',
      'args.to: {gt: 1}',
      'value: 1',
      'args.from: ["0x12", 5]',
    );
    expect(await problemsOf(text)).to.deep.equal([
      'p.yaml:8: args.form: no event that is monitored has this argument; the nearest is args.from',
      'p.yaml:9: gtt: unknown operator; the nearest known one is gt',
      'p.yaml:9: gt: must be one value',
      'p.yaml:9: in: must be a list',
      'p.yaml:10: gt: gt compares numbers, and this is address',
      'p.yaml:11: value: no event that is monitored has this argument; the nearest is args.value',
      'p.yaml:12: args.from: must be an address of 0x and 40 hex digits',
      'p.yaml:12: args.from: must be an address of 0x and 40 hex digits',
    ]);
  });

  cases([
    ['a negative uint256', where('args.value: -1'), '8: args.value: must be a whole number of uint256'],
    ['a fraction', where('args.value: {gt: 1.5}'), '8: gt: must be a whole number of uint256'],
    ['a number too large', where(`args.value: "${2n ** 256n}"`), '8: args.value: must be a whole number of uint256'],
    ['nothing to compare', where('args.value: {}'), '8: args.value: compares with nothing'],
    ['an empty list', where('args.value: []'), '8: args.value: must list at least 1'],
    ['no conditions', where(), '7: where: must be a mapping of keys to values, not nothing'],
    ['a comparison without a value', where('args.value: {gt: ~, lt: 5}'), '8: gt: must have a value'],
    ['a condition without a value', where('args.from: ', `args.to: "${alice}"`), '8: args.from: must have a value'],
    [
      'a condition without a value behind an alias',
      where('args.value: &w {gt: ~}', 'args.to: *w'),
      '8: gt: must have a value',
    ],
    [
      'a condition without a value in JSON',
      JSON.stringify({ name: 'x', components: [monitorWith({ 'args.value': { in: null } })] }, null, 1),
      '11: in: must have a value',
    ],
    ['no argument', monitorYaml('where: {}'), /^p\.yaml:7: where: names no argument/],
    [
      'arguments of different events',
      where('args.owner: "' + alice + '"', 'args.to: "' + alice + '"'),
      /^p\.yaml:7: where: fits no event/,
    ],
    [
      'values that exclude each other',
      where('args.from: {eq: "' + alice + '", in: ["0x8617e340b3d01fa5f11f306f4090fd50e238070d"]}'),
      /^p\.yaml:7: where: fits no event/,
    ],
    [
      'an argument of an event that is not monitored',
      `${where('args.owner: "' + alice + '"')}    events_to_monitor: [Transfer]\n`,
      /no event that is monitored has this argument/,
    ],
    [
      'unknown logs beside it',
      `${where('args.value: 1')}    keep_unknown: true\n`,
      /^p\.yaml:9: keep_unknown: can't stand beside where/,
    ],
    [
      'a list of conditions',
      monitorYaml('where: [args.value]'),
      /^p\.yaml:7: where: must be a mapping of keys to values/,
    ],
  ]);
});
