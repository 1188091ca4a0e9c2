import { readToken } from '../api-client.js';
import { announce } from '../dialog.js';
import { h, setText } from '../dom.js';
import { UnreadableEvent } from '../event-stream.js';
import { currentLanguage, formatClock, setLanguage, t } from '../language.js';
import { live } from '../live.js';
import { nextTheme, readTheme, setTheme } from '../preferences.js';
import { icon } from './icon.js';

/** Makes the bar on top of every page: where to go, whether what is seen is live, language and theme. */
export function makeShell({ onLanguage, onSignOut }) {
  const bar = document.getElementById('bar');
  const banner = h('div', { class: 'banner', hidden: true });
  document.getElementById('main').before(banner);
  let link = null;
  let current = '';

  function render() {
    setText(document.getElementById('skip'), t('skip'));
    document.getElementById('skip').setAttribute('href', location.hash || '#/');
    link = h('span', { class: 'link-state' }, h('span', { class: 'link-dot', 'aria-hidden': 'true' }), h('span', {}));
    bar.replaceChildren(
      h('a', { class: 'brand', href: '#/' }, icon('wave'), h('span', {}, 'chainparse')),
      h('nav', { class: 'nav', 'aria-label': t('nav.label') }, ...links(current)),
      h('div', { class: 'bar-end' }, link, languageButton(), themeButton(), signOutButton()),
    );
  }

  function languageButton() {
    const other = currentLanguage() === 'zh' ? 'en' : 'zh';
    const change = () => {
      setLanguage(other);
      onLanguage();
      bar.querySelector('[data-action=language]').focus();
    };
    const props = { class: 'bar-button', type: 'button', lang: other === 'zh' ? 'zh-CN' : 'en', onclick: change };
    return h('button', { ...props, dataset: { action: 'language' } }, t('language.other'));
  }

  function themeButton() {
    const theme = readTheme();
    const label = t('theme.label', { theme: t(`theme.${theme}`) });
    const change = () => {
      setTheme(nextTheme(theme));
      render();
      update();
      bar.querySelector('[data-action=theme]').focus();
    };
    const props = { class: 'bar-button', type: 'button', 'aria-label': label, title: label, onclick: change };
    return h('button', { ...props, dataset: { action: 'theme' } }, icon(theme));
  }

  function signOutButton() {
    if (readToken() === null) return null;
    const label = t('sign.out');
    const props = { class: 'bar-button', type: 'button', 'aria-label': label, title: label, onclick: onSignOut };
    return h('button', props, icon('out'));
  }

  function update() {
    const state = live.state !== 'open' ? live.state : live.isCurrent ? 'live' : 'trouble';
    const isNew = link.dataset.state !== state;
    link.dataset.state = state;
    // What is not known to be so now is shown pale.
    document.documentElement.dataset.link = state;
    setText(link.lastChild, t(`link.${state}`));
    const text = bannerText(state);
    banner.hidden = text === '';
    setText(banner, text);
    if (isNew && state === 'trouble') announce(text);
  }

  return {
    update,
    show(name) {
      current = name;
      render();
      update();
    },
  };
}

/** Says what is wrong with the news, and up to when it was right. */
function bannerText(state) {
  if (state !== 'lost' && state !== 'trouble') return '';
  const isUnreadable = state === 'lost' && live.failure instanceof UnreadableEvent;
  const what = isUnreadable ? t('link.unreadable') : t(`link.${state}.long`, live.get('trouble') ?? {});
  return live.asOf === null ? what : `${what} ${t('link.asOf', { time: formatClock(live.asOf.getTime()) })}`;
}

function links(current) {
  const entries = [
    ['overview', '#/'],
    ['tasks', '#/tasks'],
    ['workers', '#/workers'],
    ['alerts', '#/alerts'],
    ['api', '#/api'],
  ];
  const link = ([name, href]) =>
    h('a', { href, class: `nav-${name}`, 'aria-current': current === name ? 'page' : null }, t(`nav.${name}`));
  return entries.map(link);
}
