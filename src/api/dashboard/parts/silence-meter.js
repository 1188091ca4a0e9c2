import { h, setAttributes, setText } from '../dom.js';
import { formatAge, t } from '../language.js';
import { silenceText, silentSeconds, taskLevel } from '../task-state.js';

/** Makes a bar that fills while a task is silent: a mark stands where silence becomes odd, its end is the time-out. */
export function makeSilenceMeter() {
  const fill = h('span', { class: 'meter-fill' });
  const mark = h('span', { class: 'meter-mark' });
  const track = h('span', { class: 'meter-track', role: 'meter', 'aria-valuemin': 0 }, fill, mark);
  const age = h('span', { class: 'meter-age' });
  const limit = h('span', { class: 'meter-limit' });
  const node = h('span', { class: 'meter' }, track, h('span', { class: 'meter-text' }, age, ' ', limit));
  return {
    node,
    update(task) {
      const silent = silentSeconds(task) ?? 0;
      const timeout = task.timeout_minutes * 60;
      const odd = Math.min(task.silent_after_seconds ?? timeout, timeout);
      node.dataset.level = taskLevel(task);
      fill.style.width = `${100 * place(silent, odd, timeout)}%`;
      mark.style.left = `${100 * place(odd, odd, timeout)}%`;
      setText(age, silenceText(task));
      setText(limit, t('silence.of', { timeout: formatAge(timeout) }));
      const texts = { age: silenceText(task), odd: formatAge(odd), timeout: formatAge(timeout) };
      setAttributes(track, {
        'aria-valuemax': Math.round(timeout),
        'aria-valuenow': Math.min(Math.round(silent), Math.round(timeout)),
        'aria-label': t('silence.label', texts),
      });
    },
  };
}

/** A time-out is a hundred beats long or more: seconds are seen only where the scale is logarithmic. */
function place(seconds, odd, timeout) {
  const unit = odd / 3;
  const at = Math.log1p(Math.max(0, seconds) / unit) / Math.log1p(timeout / unit);
  return Math.min(1, at);
}
