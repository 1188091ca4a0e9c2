import { keepToken } from './api-client.js';
import { h } from './dom.js';
import { t } from './language.js';

let shown = null;

/** Asks for the token once, however many calls were refused; `done` is called when there is one. */
export function askToSignIn(wasRefused, done) {
  if (shown !== null) return;
  const input = h('input', {
    class: 'input',
    id: 'token',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    'aria-describedby': 'token-why',
  });
  const wrong = h('p', { class: 'form-error', role: 'alert' }, wasRefused ? t('sign.wrong') : '');
  const form = h(
    'form',
    { class: 'sign-in' },
    h('h2', { id: 'sign-title' }, t('sign.title')),
    h('p', { id: 'token-why', class: 'muted' }, t('sign.why')),
    h('label', { for: 'token' }, t('sign.token')),
    input,
    wrong,
    h('button', { class: 'button button-primary', type: 'submit' }, t('sign.in')),
  );
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'sign-title' }, form);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    keepToken(input.value.trim());
    close();
    done();
  });
  // Without a token there is nothing to go back to.
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  // A browser lets nobody be held for good: to a second Escape it asks nothing.
  dialog.addEventListener('close', () => shown === dialog && open());
  function open() {
    dialog.showModal();
    input.focus();
  }
  shown = dialog;
  document.body.append(dialog);
  open();
}

function close() {
  shown?.close();
  shown?.remove();
  shown = null;
}
