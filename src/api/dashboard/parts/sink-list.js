import { getJson, postJson } from '../api-client.js';
import { act } from '../dialog.js';
import { h, keyedList, setText } from '../dom.js';
import { formatInstant, formatNumber, t } from '../language.js';
import { section } from './cell.js';
import { makeDeadLetters } from './dead-letters.js';
import { icon } from './icon.js';

const refreshMs = 5_000;
const tones = { running: 'good', idle: 'idle', paused: 'idle', failing: 'bad' };

/** Makes the part of a pipeline's page that tells how far each of its sinks has delivered; hidden where it has none. */
export function makeSinkList(pipelineId, signal) {
  const rows = h('ul', { class: 'endpoints' });
  const list = keyedList(
    rows,
    ({ name }) => name,
    (sink) => makeRow(sink, { signal, changed: read }),
  );
  const node = section('sinks', t('sinks.title'), {}, rows);
  node.hidden = true;
  let readAt = -Infinity;
  async function read() {
    const answer = await getJson(`/api/v1/pipeline/${pipelineId}/sinks`, { signal }).catch(() => null);
    // What can't be read is not shown as it was: nobody knows whether that still holds.
    list.show(answer?.sinks ?? []);
    node.hidden = (answer?.sinks ?? []).length === 0;
  }
  return {
    node,
    update() {
      if (performance.now() - readAt < refreshMs) return;
      readAt = performance.now();
      void read();
    },
  };
}

function makeRow({ pipeline_id: pipelineId, name, type }, { signal, changed }) {
  const path = `/api/v1/pipeline/${pipelineId}/sinks/${encodeURIComponent(name)}`;
  const mark = h('span', { class: 'endpoint-mark' });
  const state = h('span', { class: 'endpoint-state' });
  const figures = h('span', { class: 'endpoint-figures' });
  const error = h('span', { class: 'endpoint-error' });
  const button = h('button', { class: 'button button-small', type: 'button', dataset: { changes: 'sink' } });
  let verb = 'pause';
  button.addEventListener('click', () =>
    act(button, async () => {
      await postJson(`${path}/${verb}`);
      await changed();
    }),
  );
  const letters = makeDeadLetters(path, { name, signal, changed });
  const shownName = h('span', { class: 'endpoint-name' }, name);
  const node = h('li', { class: 'endpoint' }, mark, shownName, state, figures, button, error, letters.node);
  return {
    node,
    update(sink) {
      node.dataset.tone = tones[sink.state];
      setText(state, t(`sink.is.${sink.state}`));
      letters.update(sink.dead_letters);
      setText(figures, `${type} · ${figuresText(sink)}`);
      verb = sink.state === 'paused' ? 'resume' : 'pause';
      setText(button, t(`sink.${verb}`));
      error.hidden = sink.last_error === null;
      setText(error, t('endpoint.error', { time: formatInstant(sink.last_error_time), error: sink.last_error ?? '' }));
      mark.replaceChildren(icon({ good: 'ok', idle: 'idle' }[tones[sink.state]] ?? 'bad'));
    },
  };
}

function figuresText({ cursor_block: block, behind }) {
  const reached = block === null ? t('sink.nothing') : t('sink.delivered', { block: formatNumber(block) });
  const waiting = behind > 0 ? t('sink.behind', { count: formatNumber(behind) }) : null;
  return [reached, waiting].filter((text) => text !== null).join(' · ');
}
