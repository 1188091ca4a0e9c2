import { inZone } from '../zone.js';

/** Writes the times of an axis, in seconds, as finely as they differ: no two labels beside each other are alike. */
export function timeLabels(splits, step) {
  return splits.map((seconds) => {
    const text = inZone(seconds * 1000);
    if (step >= 86_400) return text.slice(5, 10);
    return text.slice(11, step < 60 ? 19 : 16);
  });
}

/** Writes the numbers of an axis with as many digits as tell them apart. */
export function numberLabels(splits, step, language) {
  const digits = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step))));
  const format = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return splits.map((value) => format.format(value));
}
