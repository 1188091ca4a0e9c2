const themes = ['auto', 'light', 'dark'];

function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A browser that keeps nothing forgets it with the page.
  }
}

/** Returns the language that was chosen, else the browser's: `en` or `zh`. */
export function readLanguage() {
  const kept = read('chainparse.language');
  if (kept === 'en' || kept === 'zh') return kept;
  return /^zh\b/i.test(navigator.language) ? 'zh' : 'en';
}

export function keepLanguage(language) {
  keep('chainparse.language', language);
}

/** Returns the theme that was chosen: `auto`, `light` or `dark`. */
export function readTheme() {
  const kept = read('chainparse.theme');
  return themes.includes(kept) ? kept : 'auto';
}

/** Shows and keeps a theme. */
export function setTheme(theme) {
  keep('chainparse.theme', theme);
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new Event('themechange'));
}

/** Returns the theme that comes behind one. */
export function nextTheme(theme) {
  return themes[(themes.indexOf(theme) + 1) % themes.length];
}
