import { h, setText } from '../dom.js';
import { formatNumber, formatRate, t } from '../language.js';
import { currentRate } from '../task-state.js';
import { lagText } from './progress.js';

/** Makes the way of an event: from the chain through the components to the table of events. */
export function makeComponentGraph({ components }) {
  const source = h('span', { class: 'node-live number' });
  const store = h('span', { class: 'node-live number' });
  const nodes = components.map((component, i) => drawComponent(component, i === 0 ? source : null));
  const chain = components[0]?.chain_name;
  const first = chain === undefined ? [] : [drawNode('chain', t('graph.chain'), chain, [], null)];
  const last = drawNode('table', t('graph.table'), t('events.title'), [], store);
  return {
    node: h('ol', { class: 'graph' }, ...first, ...nodes, last),
    update(task, rates) {
      const isRunning = task?.status_name === 'running';
      setText(source, isRunning ? lagText(task) : '');
      const count = task?.progress ? t('graph.events', { n: task.progress.events }) : '';
      setText(store, isRunning ? `${formatRate(currentRate(rates))}/s · ${count}` : count);
    },
  };
}

function drawComponent(component, liveText) {
  const { name, type } = component;
  return drawNode('component', type.replaceAll('_', ' '), name, detailsOf(component), liveText);
}

function drawNode(kind, type, name, details, liveText) {
  return h(
    'li',
    { class: `node node-${kind}` },
    h('span', { class: 'node-type' }, type),
    h('strong', { class: 'node-name' }, name),
    ...details.map((text) => h('span', { class: 'node-detail' }, text)),
    liveText,
  );
}

/** What tells most of a component, in a few lines; the rest is in its definition. */
function detailsOf(component) {
  const events = component.events_to_monitor ?? [];
  const { mode, start_block: start, end_block: end } = component;
  const blocks =
    start === undefined ? '' : ` · ${formatNumber(start)} – ${end === undefined ? '…' : formatNumber(end)}`;
  return [
    mode === undefined ? '' : `${t(`mode.${mode}`)}${blocks}`,
    contractsText(component),
    events.length > 3 ? `${events.slice(0, 3).join(', ')} …` : events.join(', '),
  ].filter((text) => text !== '');
}

/** Returns which contracts a source reads, in words; empty where it reads any, or is no source. */
export function contractsText({ contract_address: given, contracts = [] }) {
  const addresses = [given ?? contracts.map(({ address }) => address)].flat(2);
  return addresses.length > 1 ? `${addresses.length} × 0x…` : addresses.map(contractText).join('');
}

/** The contract of a factory may be made by a factory itself. */
function contractText(contract) {
  if (typeof contract === 'string') return shorten(contract);
  const { factory, event } = contract;
  return t('graph.factory', {
    factory: contractsText({ contract_address: factory }),
    event: event.replace(/\(.*/, ''),
  });
}

/** Shortens what is long in its middle. */
export function shorten(text) {
  return text.length > 20 ? `${text.slice(0, 8)}…${text.slice(-6)}` : text;
}
