import type { Lang } from '../runtime/lang.js';
import { alerts } from './alerts.js';
import { columns } from './columns.js';
import { commands, pipelines, rewinds, rollbacks, sinks, timezones, verifications } from './commands.js';
import { logs } from './logs.js';
import { monitors, services, system, workers } from './system.js';
import { ages, ends, life, progress, tasks, waiting } from './tasks.js';

const subjects = {
  ages,
  alerts,
  columns,
  commands,
  ends,
  life,
  logs,
  monitors,
  pipelines,
  progress,
  rewinds,
  services,
  sinks,
  system,
  tasks,
  rollbacks,
  timezones,
  verifications,
  waiting,
  workers,
} as const;

type Subjects = typeof subjects;

/** The catalogue in one language, by subject. */
export type Texts = { readonly [Subject in keyof Subjects]: Subjects[Subject]['en'] };

/** Returns the catalogue in a language: every text that the command line and the logs have in both. */
export function textsIn(lang: Lang): Texts {
  return catalogues[lang];
}

const catalogues: Readonly<Record<Lang, Texts>> = { en: pick('en'), zh: pick('zh') };

function pick(lang: Lang): Texts {
  return Object.fromEntries(Object.entries(subjects).map(([name, texts]) => [name, texts[lang]])) as unknown as Texts;
}
