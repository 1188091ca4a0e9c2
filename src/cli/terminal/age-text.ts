import type { Lang } from '../../runtime/lang.js';

const units: readonly { readonly seconds: number; readonly until: number; readonly text: Record<Lang, string> }[] = [
  { seconds: 1, until: 120, text: { en: 's', zh: '秒' } },
  { seconds: 60, until: 7_200, text: { en: 'min', zh: '分钟' } },
  { seconds: 3_600, until: 172_800, text: { en: 'h', zh: '小时' } },
  { seconds: 86_400, until: Infinity, text: { en: 'd', zh: '天' } },
];

/** Returns an age in one unit, whole ones that have passed: `90 s`, `5 min`, `3 h`, `12 d`. */
export function ageText(seconds: number, lang: Lang): string {
  const unit = units.find(({ until }) => seconds < until);
  return unit === undefined ? `${seconds}` : `${Math.floor(seconds / unit.seconds)} ${unit.text[lang]}`;
}
