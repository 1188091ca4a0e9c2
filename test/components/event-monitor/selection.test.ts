import { expect } from 'chai';
import type { EventMonitorConfig } from '../../../src/components/event-monitor/config.js';
import { selectionOf } from '../../../src/components/event-monitor/selection.js';
import type { Where } from '../../../src/chain/abi/where.js';
import type { AbiFragment, AbiParameter } from '../../../src/model/pipeline.js';
import { monitorConfig } from '../../support/monitor-run.js';

const from = { name: 'from', type: 'address', indexed: true };
const to = { name: 'to', type: 'address', indexed: true };
const value = { name: 'value', type: 'uint256', indexed: false };

function event(name: string, inputs: readonly AbiParameter[], more: Partial<AbiFragment> = {}): AbiFragment {
  return { type: 'event', name, inputs, ...more };
}

const transfer = event('Transfer', [from, to, value]);
const approval = event('Approval', [from, to, value]);

describe('what decides which events a monitor stores, and what of their logs', () => {
  const textOf = (abi: readonly AbiFragment[], changes: Partial<EventMonitorConfig> = {}): string =>
    JSON.stringify(selectionOf({ ...monitorConfig, contracts: [{ addresses: null, abi }], ...changes }));
  const ofWhere = (where: Where): string => textOf([transfer, approval], { where });

  it('is another one for an ABI by which the same logs decode differently', () => {
    const order = (member: string): AbiFragment =>
      event('Sold', [{ name: 'order', type: 'tuple', components: [{ name: member, type: 'uint256' }] }]);
    const others: readonly (readonly [AbiFragment, AbiFragment])[] = [
      [transfer, event('Transfer', [from, to, { ...value, indexed: true }])],
      [transfer, event('Transfer', [{ ...from, name: 'src' }, to, value])],
      [transfer, event('Transfer', [from, to, { ...value, type: 'uint128' }])],
      [transfer, { ...transfer, anonymous: true }],
      [order('price'), order('amount')],
    ];
    for (const [was, is] of others) expect(textOf([is])).not.to.equal(textOf([was]));
  });

  it('is the same for an ABI that is written otherwise', () => {
    const written = event('Transfer', [from, to, { name: 'value', type: 'uint256' }], { anonymous: false });
    expect(textOf([approval, written, approval])).to.equal(textOf([transfer, approval]));
    expect(textOf([transfer, { type: 'function', name: 'name' }])).to.equal(textOf([transfer]));
  });

  it('is another one where of two events with the same topic the other stands first', () => {
    const renamed = event('Transfer', [{ ...from, name: 'src' }, to, value]);
    expect(textOf([transfer, renamed])).not.to.equal(textOf([renamed, transfer]));
  });

  it('is the same whether all events are named, by names or signatures, or none', () => {
    const all = textOf([transfer, approval]);
    expect(textOf([transfer, approval], { eventsToMonitor: ['Approval', 'Transfer'] })).to.equal(all);
    const signatures = ['Transfer(address,address,uint256)', 'Approval'];
    expect(textOf([transfer, approval], { eventsToMonitor: signatures })).to.equal(all);
    expect(textOf([transfer, approval], { eventsToMonitor: ['Transfer'] })).not.to.equal(all);
  });

  it('knows events that are not wanted only where their logs are asked for', () => {
    const wanted: Partial<EventMonitorConfig> = { eventsToMonitor: ['Transfer'] };
    expect(textOf([transfer, approval], wanted)).to.equal(textOf([transfer]));
    const unknown = { ...wanted, keepUnknown: true };
    expect(textOf([transfer, approval], unknown)).not.to.equal(textOf([transfer], unknown));
    const anonymous = event('Noted', [from], { anonymous: true });
    expect(textOf([transfer, approval, anonymous], wanted)).to.equal(textOf([transfer]));
    const some = { eventsToMonitor: ['Transfer', 'Noted'] };
    expect(textOf([transfer, approval, anonymous], some)).not.to.equal(textOf([transfer, anonymous], some));
  });

  it('is another one for other addresses, filters or undecoded logs, however they are ordered', () => {
    const [a, b] = ['0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48', '0xdAC17F958D2ee523a2206206994597C13D831ec7'];
    const ofAddresses = (addresses: readonly string[] | null): string =>
      textOf([transfer], { contracts: [{ addresses, abi: [transfer] }] });
    expect(ofAddresses([a, b])).to.equal(ofAddresses([b, a]));
    expect(new Set([ofAddresses(null), ofAddresses([a]), ofAddresses([b])])).to.have.property('size', 3);
    const filtered = (addressFilters: readonly string[]): string => textOf([transfer], { addressFilters });
    expect(filtered([a, b])).to.equal(filtered([b, a]));
    expect(new Set([filtered([]), filtered([a]), filtered([b])])).to.have.property('size', 3);
    expect(textOf([transfer], { keepUnknown: true })).not.to.equal(textOf([transfer]));
  });

  it('compares conditions by what they say of events', () => {
    const [a, b] = ['0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48', '0xdAC17F958D2ee523a2206206994597C13D831ec7'];
    const was = ofWhere({ 'args.from': { in: [a, b] }, 'args.value': { gt: '16' } });
    expect(ofWhere({ 'args.value': { gt: '0x10' }, 'args.from': { in: [b, a.toLowerCase(), b] } })).to.equal(was);
    expect(ofWhere({ 'args.from': { in: [a, b] }, 'args.value': { gte: '16' } })).not.to.equal(was);
    expect(ofWhere({ 'args.from': { in: [a] }, 'args.value': { gt: '16' } })).not.to.equal(was);
    expect(ofWhere({ 'args.to': { in: [a, b] }, 'args.value': { gt: '16' } })).not.to.equal(was);
    expect(ofWhere({ 'args.from': { eq: a } })).to.equal(ofWhere({ 'args.from': { in: [a] } }));
    expect(ofWhere({ 'args.from': { ne: a } })).not.to.equal(ofWhere({ 'args.from': { eq: a } }));
  });
});
