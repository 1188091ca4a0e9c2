import { keepToken, onUnauthorized } from '../api-client.js';
import { askWhatMayBeDone } from '../caller.js';
import { announce } from '../dialog.js';
import { currentLanguage, t } from '../language.js';
import { live } from '../live.js';
import { alertsPage } from './alerts.js';
import { apiPage } from './api.js';
import { notFoundPage } from './not-found.js';
import { overviewPage } from './overview.js';
import { pipelinePage } from './pipeline.js';
import { taskPage } from './task.js';
import { tasksPage } from './tasks.js';
import { workersPage } from './workers.js';
import { setText } from '../dom.js';
import { zoneName } from '../zone.js';
import { currentRoute } from '../router.js';
import { makeShell } from '../parts/shell.js';
import { askToSignIn } from '../sign-in.js';

const pages = {
  overview: overviewPage,
  tasks: tasksPage,
  workers: workersPage,
  alerts: alertsPage,
  api: apiPage,
  task: taskPage,
  pipeline: pipelinePage,
  'not-found': notFoundPage,
};

const main = document.getElementById('main');
let page = null;
let place = '';
let ending = new AbortController();
let isToldLost = false;
const shell = makeShell({ onLanguage: show, onSignOut: signOut });

/** Shows the page of the address, made anew. */
function show() {
  ending.abort();
  ending = new AbortController();
  document.documentElement.lang = currentLanguage() === 'zh' ? 'zh-CN' : 'en';
  const route = currentRoute();
  place = `${route.name} ${route.id}`;
  page = pages[route.name]({ ...route, signal: ending.signal });
  main.replaceChildren(page.node);
  document.title = `${page.title} · chainparse`;
  shell.show(route.name);
  update();
}

function update() {
  live.noticeSleep();
  shell.update();
  page?.update();
  for (const node of document.querySelectorAll('.zone')) setText(node, zoneName());
}

function signIn(wasRefused) {
  if (wasRefused) keepToken(null);
  live.stop();
  // Nothing is known here of whoever has not signed in.
  ending.abort();
  page = null;
  main.replaceChildren();
  askToSignIn(wasRefused, () => {
    live.follow();
    void askWhatMayBeDone();
    show();
  });
}

function signOut() {
  keepToken(null);
  location.reload();
}

onUnauthorized(signIn);
live.addEventListener('change', update);
live.addEventListener('zone', show);
live.addEventListener('state', () => {
  if (live.state === 'open') void askWhatMayBeDone();
  // That of a page that nobody looks at is let go, and is no news.
  if (live.state === 'lost' && !document.hidden) {
    isToldLost = true;
    announce(t('link.lost'));
  } else if (live.state === 'open' && isToldLost) {
    isToldLost = false;
    announce(t('link.back'));
  }
  shell.update();
});
window.addEventListener('hashchange', () => {
  if (live.state === 'signed-out') return;
  const before = place;
  show();
  // A filter that changes leaves the reader where they are.
  if (place === before) return;
  window.scrollTo(0, 0);
  main.focus({ preventScroll: true });
});
// Ages grow by themselves; a page that nobody looks at need not.
setInterval(() => document.hidden || update(), 1000);
document.addEventListener('visibilitychange', () => document.hidden || update());

show();
void askWhatMayBeDone();
live.follow();
