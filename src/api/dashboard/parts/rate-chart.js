import { h, setAttributes, setText } from '../dom.js';
import { currentLanguage, formatClock, formatRate, t } from '../language.js';
import { zoneShift } from '../zone.js';
import { numberLabels, timeLabels } from './axis-labels.js';

const height = 220;

/** Makes a chart of events a second over time, from samples of how many there were; uPlot is loaded for the first one. */
export function makeRateChart(signal) {
  const readout = h('p', { class: 'chart-readout', 'aria-hidden': 'true' });
  const canvas = h('div', { class: 'chart-canvas', role: 'img', hidden: true });
  const none = h('p', { class: 'none' }, t('task.chart.none'));
  let plot = null;
  let data = [[], []];
  async function draw() {
    const [{ default: UPlot }] = await Promise.all([import('../charts/uplot.js'), loadStyle()]);
    if (signal.aborted || !canvas.isConnected) return;
    plot?.destroy();
    plot = new UPlot(
      optionsOf(canvas.clientWidth, (text) => setText(readout, text)),
      data,
      canvas,
    );
  }
  const resize = new ResizeObserver(() => plot?.setSize({ width: canvas.clientWidth, height }));
  resize.observe(canvas);
  document.addEventListener('themechange', () => plot && draw(), { signal });
  signal.addEventListener('abort', () => (resize.disconnect(), plot?.destroy()));
  return {
    node: h('div', { class: 'chart' }, readout, canvas, none),
    show(samples) {
      data = toRates(samples);
      none.hidden = data[0].length > 1;
      canvas.hidden = data[0].length <= 1;
      if (canvas.hidden) return;
      const most = formatRate(Math.max(...data[1]));
      setAttributes(canvas, { 'aria-label': t('rate.chart', { now: formatRate(data[1].at(-1)), most }) });
      if (plot === null) void draw();
      else plot.setData(data);
    },
  };
}

function toRates({ times, events }) {
  const rates = times.slice(1).map((time, i) => {
    const seconds = time - times[i];
    return seconds > 0 ? Math.max(0, events[i + 1] - events[i]) / seconds : 0;
  });
  return [times.slice(1), rates];
}

let styleLoaded = null;

function loadStyle() {
  styleLoaded ??= new Promise((resolve) => {
    const href = new URL('../charts/uplot.css', import.meta.url).href;
    document.head.prepend(h('link', { rel: 'stylesheet', href, onload: resolve, onerror: resolve }));
  });
  return styleLoaded;
}

function optionsOf(width, tell) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const font = `12px ${color('--sans')}`;
  const axis = {
    stroke: color('--ink-faint'),
    font,
    ticks: { show: false },
    grid: { stroke: color('--line-soft'), width: 1 },
  };
  return {
    // Splits stand at whole hours of the database's zone: uPlot reads a date's local fields.
    tzDate: (seconds) => {
      const date = new Date(seconds * 1000);
      return new Date(date.getTime() + zoneShift() + date.getTimezoneOffset() * 60_000);
    },
    width,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 7 } },
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.12 : 1] } },
    series: [{}, { stroke: color('--alive'), width: 1.75, fill: `${color('--alive')}1f`, points: { show: false } }],
    axes: [
      {
        ...axis,
        grid: { show: false },
        values: (_plot, splits, _axis, _space, step) => timeLabels(splits, step),
      },
      {
        ...axis,
        size: 60,
        values: (_plot, splits, _axis, _space, step) => numberLabels(splits, step, currentLanguage()),
      },
    ],
    hooks: {
      setCursor: [
        ({ cursor: { idx }, data }) => {
          const known = idx === null || idx === undefined ? null : data[1][idx];
          tell(known === null ? '' : `${formatRate(known)}/s · ${formatClock(data[0][idx] * 1000)}`);
        },
      ],
    },
  };
}
