import { svg } from '../dom.js';

const paths = {
  wave: 'M2 12.5h4l2.2-6 4 12 2.6-8 1.2 2H22',
  auto: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
  light:
    'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5',
  dark: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z',
  out: 'M14 4h5v16h-5M4 12h11M11 8l4 4-4 4',
  ok: 'M5 12.5l4.5 4.5L19 7.5',
  idle: 'M7 12h10',
  bad: 'M12 4 3 20h18zM12 10v4.5M12 17.4v.1',
};

/** Returns a small picture that says nothing by itself: what it means stands beside it. */
export function icon(name) {
  const filled = name === 'auto' ? svg('path', { d: 'M12 3a9 9 0 0 0 0 18z', fill: 'currentColor' }) : null;
  return svg(
    'svg',
    { class: `icon icon-${name}`, viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' },
    svg('path', { d: paths[name] }),
    filled,
  );
}
