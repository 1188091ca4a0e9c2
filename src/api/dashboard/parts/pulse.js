import { h } from '../dom.js';
import { live } from '../live.js';
import { taskLevel } from '../task-state.js';

const calm = window.matchMedia('(prefers-reduced-motion: reduce)');

/** Makes a dot that has the colour of a task's state and beats with each of its heartbeats. */
export function makePulse() {
  const ring = h('span', { class: 'pulse-ring' });
  const node = h('span', { class: 'pulse', 'aria-hidden': 'true' }, ring, h('span', { class: 'pulse-core' }));
  let key = null;
  live.addEventListener('beat', function onBeat({ detail }) {
    // What is no longer shown is forgotten.
    if (key !== null && !node.isConnected) live.removeEventListener('beat', onBeat);
    else if (detail === key) beat(node, ring);
  });
  return {
    node,
    update(task) {
      key = task === null ? '' : `task:${task.task_id}`;
      node.dataset.level = taskLevel(task);
    },
  };
}

function beat(node, ring) {
  node.dataset.beats = Number(node.dataset.beats ?? 0) + 1;
  if (calm.matches) return;
  ring.animate(
    [
      { opacity: 0.75, transform: 'scale(1)' },
      { opacity: 0, transform: 'scale(3.4)' },
    ],
    { duration: 1100, easing: 'cubic-bezier(.2,.6,.3,1)' },
  );
  node.lastChild.animate([{ transform: 'scale(1)' }, { transform: 'scale(1.35)' }, { transform: 'scale(1)' }], {
    duration: 420,
    easing: 'ease-out',
  });
}
