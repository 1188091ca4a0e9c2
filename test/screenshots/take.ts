// Takes the pictures of the dashboard for docs/images, of a live system that has run for some minutes. Needs chromium, and
// fonts that know Chinese (fonts-noto-cjk; fonts-inter and fonts-jetbrains-mono are what most people will see).
//   npx tsx test/screenshots/take.ts [--minutes 12]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { endAll } from '../support/at-end.js';
import { startBrowser } from '../support/chromium.js';
import { projectRoot } from '../support/processes.js';
import { setStage } from './stage.js';

interface Picture extends BrowserContextOptions {
  readonly path: string;
  /** What must be on the page before it is taken. */
  readonly ready: string;
  readonly whole: boolean;
}

const wide = { viewport: { width: 1_440, height: 900 }, whole: true };
const silent = '.running .row[data-level=silent]';

const ofHealth: Record<string, Picture> = {
  task: { ...wide, path: '#/task/12', ready: '.log-line' },
};

const ofSilence: Record<string, Picture> = {
  'overview-light': { ...wide, path: '', ready: silent },
  'overview-dark': { ...wide, path: '', ready: silent, colorScheme: 'dark' },
  'overview-zh': { ...wide, path: '', ready: silent, locale: 'zh-CN' },
  'phone-dark': {
    ...{ path: '', ready: silent, colorScheme: 'dark', whole: false },
    viewport: { width: 390, height: 844 },
  },
};

async function take(browser: Browser, port: number, pictures: Record<string, Picture>): Promise<void> {
  for (const [name, { path, ready, whole, ...options }] of Object.entries(pictures)) {
    const context = await browser.newContext({ locale: 'en-US', ...options });
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${port}/${path}`);
    await page.waitForSelector(ready, { timeout: 60_000 });
    // Charts are drawn when what they show has been read.
    await page.waitForLoadState('load');
    await page.waitForTimeout(3_000);
    await page.screenshot({ path: join(projectRoot, `docs/images/${name}.png`), fullPage: whole });
    await context.close();
  }
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '12' } } });
const stage = await setStage(Number(values.minutes));
const browser = await startBrowser();
try {
  await take(browser, stage.port, ofHealth);
  stage.freeze();
  await take(browser, stage.port, ofSilence);
} finally {
  await browser.close();
  await stage.end();
  await endAll();
}
