import { setAttributes, svg } from '../dom.js';
import { formatRate, t } from '../language.js';

const width = 120;
const height = 28;
const steps = 60;

/** Makes a small chart of a pipeline's rates: the last ten minutes, the newest at the right. */
export function makeSparkline() {
  const area = svg('path', { class: 'spark-area' });
  const line = svg('path', { class: 'spark-line' });
  const node = svg(
    'svg',
    { class: 'spark', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img' },
    area,
    line,
  );
  return {
    node,
    update(rates) {
      const values = rates ?? [];
      const most = Math.max(...values.map((value) => value ?? 0), 0);
      const points = toPoints(values, most);
      const label = t('rate.spark', { now: formatRate(values.at(-1) ?? null), most: formatRate(most) });
      setAttributes(node, { 'aria-label': label });
      setAttributes(line, { d: points.length < 2 ? '' : `M${points.join('L')}` });
      const [first, last] = [points[0], points.at(-1)];
      const closed = points.length < 2 ? '' : `M${first[0]},${height}L${points.join('L')}L${last[0]},${height}Z`;
      setAttributes(area, { d: closed });
    },
  };
}

function toPoints(values, most) {
  const first = steps - values.length;
  return values.flatMap((value, i) => {
    if (value === null) return [];
    const x = ((first + i) / (steps - 1)) * width;
    const y = height - 1.5 - (most === 0 ? 0 : (value / most) * (height - 4));
    return [[Math.round(x * 10) / 10, Math.round(y * 10) / 10]];
  });
}
