import { ApiError } from './api-client.js';
import { h } from './dom.js';
import { t } from './language.js';

/** Says something to everybody, also to those who don't see the page. */
export function announce(text) {
  const announcer = document.getElementById('announcer');
  announcer.textContent = '';
  setTimeout(() => (announcer.textContent = text), 50);
}

/** Shows a short message that goes away by itself. */
export function notify(text, kind = 'info') {
  const note = h('div', { class: `toast toast-${kind}` }, text);
  document.body.append(note);
  announce(text);
  setTimeout(() => note.remove(), 6000);
}

/** Shows what went wrong. */
export function notifyError(error) {
  notify(errorText(error), 'error');
}

/** Returns for people what went wrong. */
export function errorText(error) {
  if (!(error instanceof ApiError)) return String(error?.message ?? error);
  if (error.status === 0) return t('error.network');
  if (error.status === 403) return t('error.readonly');
  if ([405, 501].includes(error.status)) return t('error.unsupported');
  return error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
}

/** Asks a question; resolves with whether the answer is yes. */
export function confirmed(question, yes) {
  return new Promise((resolve) => {
    const dialog = h(
      'dialog',
      { class: 'dialog', 'aria-labelledby': 'dialog-question' },
      h(
        'form',
        { method: 'dialog' },
        h('p', { id: 'dialog-question' }, question),
        h(
          'div',
          { class: 'dialog-actions' },
          h('button', { class: 'button', value: 'no', autofocus: true }, t('dialog.no')),
          h('button', { class: 'button button-danger', value: 'yes' }, yes),
        ),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Does what a button is for, once at a time, and shows what went wrong. A button that can't be pressed loses the focus: it gets it back. */
export async function act(button, work) {
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    notifyError(error);
  } finally {
    button.disabled = false;
    if (document.activeElement === document.body) button.focus();
  }
}
