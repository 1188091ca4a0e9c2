import type { CommandContext } from '../context.js';

const headings = [
  { en: 'SETTING', zh: '设置' },
  { en: 'VALUE', zh: '值', least: 20 },
  { en: 'FROM', zh: '来源', cut: 1, least: 12 },
];

/** Prints every setting, its value and where it came from; secrets are masked. */
export async function showConfig({ shownSettings, output }: CommandContext): Promise<void> {
  if (output.isJson) {
    const settings = shownSettings.map(({ name, value, origin }) => ({ setting: name, value, source: origin }));
    await output.json({ settings });
    return;
  }
  await output.table(
    headings,
    shownSettings.map(({ name, value, origin }) => [name, value, origin]),
  );
}
