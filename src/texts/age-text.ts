import type { Lang } from '../runtime/lang.js';
import { textsIn, type Texts } from './texts.js';

const units: readonly { readonly seconds: number; readonly until: number; readonly name: keyof Texts['ages'] }[] = [
  { seconds: 1, until: 120, name: 'seconds' },
  { seconds: 60, until: 7_200, name: 'minutes' },
  { seconds: 3_600, until: 172_800, name: 'hours' },
  { seconds: 86_400, until: Infinity, name: 'days' },
];

/** Returns an age in one unit, whole ones that have passed: `90 s`, `5 min`, `3 h`, `12 d`. */
export function ageText(seconds: number, lang: Lang): string {
  const unit = units.find(({ until }) => seconds < until);
  return unit === undefined ? `${seconds}` : `${Math.floor(seconds / unit.seconds)} ${textsIn(lang).ages[unit.name]}`;
}

/** Says how long ago something was or, where that lies ahead of the clock, how far: other programs may write local time. */
export function agoText(seconds: number, lang: Lang): string {
  const { ago, ahead } = textsIn(lang).tasks;
  return seconds < -1 ? ahead(ageText(-seconds, lang)) : ago(ageText(Math.max(0, seconds), lang));
}
