import { serverNow } from './clock.js';
import { keepLanguage, readLanguage } from './preferences.js';
import en from './texts/en.js';
import zh from './texts/zh.js';
import { inZone, withZone } from './zone.js';

const texts = { en, zh };
let language = readLanguage();

/** Returns the language that is shown: `en` or `zh`. */
export function currentLanguage() {
  return language;
}

/** Shows another language from now on. */
export function setLanguage(next) {
  language = next;
  keepLanguage(next);
}

/** Returns a text with its values filled in; numbers of a key `n` choose between one and many. */
export function t(key, values = {}) {
  const text = texts[language][key] ?? en[key] ?? key;
  const [one, other = one] = text.split('|');
  const chosen = values.n === 1 ? one : other;
  return chosen.replace(/\{(\w+)\}/g, (_match, name) => shown(values[name]));
}

/** Says whether there is a text under a key. */
export function hasText(key) {
  return key in en;
}

/** What changes the direction of a text is shown as what can't be shown: a name turns round no sentence in which it stands. */
function shown(value) {
  if (typeof value === 'number') return formatNumber(value);
  return String(value ?? '').replace(/[\u202a-\u202e\u2066-\u2069]/g, '\u{fffd}');
}

/** Writes a number with the language's separators. */
export function formatNumber(value, most = 0) {
  return new Intl.NumberFormat(language, { maximumFractionDigits: most }).format(value);
}

/** Writes events a second: finely where there are few. */
export function formatRate(rate) {
  if (rate === null || rate === undefined) return '–';
  if (rate >= 10_000) return `${formatNumber(rate / 1000, 1)}k`;
  return formatNumber(rate, rate < 10 ? 1 : 0);
}

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** Writes a duration with its largest unit: `12 s`, `3 min`, `2 h`. */
export function formatAge(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [unit, size] = units.find(([, unitSize]) => whole >= unitSize) ?? units[3];
  const value = whole / size;
  const options = { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: value < 3 && size > 60 ? 1 : 0 };
  return new Intl.NumberFormat(language, options).format(size > 60 ? value : Math.floor(value));
}

/** Writes an instant of the database's time zone for people, with the zone's name. */
export function formatInstant(text) {
  return text === null ? '–' : withZone(plainInstant(text));
}

/** Writes a moment, in milliseconds since the epoch, as a time of the day, with the zone's name. */
export function formatClock(ms) {
  return withZone(inZone(ms).slice(11, 19));
}

function plainInstant(text) {
  return text.slice(0, 19).replace('T', ' ');
}

/** Returns the seconds between two instants of the database. */
export function secondsBetween(from, to) {
  return (Date.parse(`${to}Z`) - Date.parse(`${from}Z`)) / 1000;
}

/** Writes an instant of today, in the server's zone, as a time of the day; any other in full. */
export function formatTimeOfDay(text) {
  return text.startsWith(inZone(serverNow()).slice(0, 10)) ? text.slice(11, 16) : formatInstant(text);
}

/** Writes an instant in a table whose heading names the zone: this year's without the year. */
export function formatShortInstant(text) {
  if (text === null) return '–';
  return text.startsWith(inZone(serverNow()).slice(0, 4)) ? plainInstant(text).slice(5) : plainInstant(text);
}
