import { getJson, postJson } from '../api-client.js';
import { act, confirmed, errorText, notify } from '../dialog.js';
import { h, keyedList, setText } from '../dom.js';
import { formatNumber, t } from '../language.js';

const mostShown = 20;

/**
 * Makes what tells a sink's dead letters once it is opened: what the receiver said of the oldest ones, and what may be done
 * about them. Hidden where there are none. `path` is where the API has the sink; `changed` is called after something was done.
 */
export function makeDeadLetters(path, { name, signal, changed }) {
  let shown = [];
  let asked = 0;
  const summary = h('summary', {});
  const rows = h('ul', {});
  const list = keyedList(rows, ({ letter_id: id }) => id, makeRow);
  const more = h('p', { class: 'muted' });
  const retry = makeButton(
    { class: 'button button-small', dataset: { changes: 'sink' } },
    t('letters.retry'),
    async () => {
      const { letters } = await postJson(`${path}/dead-letters/retry`);
      notify(t('letters.retried', { n: letters }));
    },
  );
  // What nobody has seen is not dropped.
  const drop = makeButton(
    { class: 'button button-small button-danger', dataset: { changes: 'sink' } },
    t('letters.drop'),
    async () => {
      const letters = shown.map(({ letter_id: id }) => id);
      if (letters.length === 0) return;
      if (!(await confirmed(t('letters.drop.ask', { n: letters.length, sink: name }), t('letters.drop')))) return;
      await postJson(`${path}/dead-letters/drop`, { letters });
    },
  );
  const node = h(
    'details',
    { class: 'endpoint-figures letters', hidden: true },
    summary,
    rows,
    more,
    h('div', { class: 'letter-actions' }, retry, drop),
  );
  async function read() {
    if (!node.open) return;
    const mine = ++asked;
    try {
      const answer = await getJson(`${path}/dead-letters?limit=${mostShown}`, { signal });
      // An answer to what was asked before something was done may come behind it.
      if (mine !== asked) return;
      shown = answer.dead_letters;
      list.show(shown);
      drop.hidden = shown.length === 0;
      setText(more, answer.total > shown.length ? t('letters.more', { n: shown.length, total: answer.total }) : '');
    } catch (error) {
      if (mine === asked && !signal.aborted) setText(more, errorText(error));
    }
  }
  drop.hidden = true;
  node.addEventListener('toggle', () => void read());
  function makeButton(props, text, work) {
    const button = h('button', { ...props, type: 'button' }, text);
    button.addEventListener('click', () =>
      act(button, async () => {
        await work();
        await changed();
      }),
    );
    return button;
  }
  return {
    node,
    update(count) {
      node.hidden = count === 0;
      setText(summary, t('sink.deadLetters', { n: count }));
      void read();
    },
  };
}

function makeRow(letter) {
  const what = h('span', {});
  const error = h('span', { class: 'letter-error' });
  const row = {
    node: h('li', {}, what, error),
    update({ event_name: event, op, block_number: block, attempts, error: said }) {
      // The taking back of a dead letter joins it, and is sent with it or not at all.
      const kind = attempts === 0 ? 'joined' : op;
      setText(what, t(`letters.${kind}`, { event: event ?? '', block: formatNumber(block), n: attempts }));
      setText(error, said);
    },
  };
  row.update(letter);
  return row;
}
