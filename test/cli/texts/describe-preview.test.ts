import { expect } from 'chai';
import { displayWidth } from '../../../src/cli/terminal/display-width.js';
import { previewLines } from '../../../src/cli/texts/describe-preview.js';
import type { EventMessage, JsonValue } from '../../../src/model/event-message.js';

const hash = `0x${'ab'.repeat(32)}`;
const message = (fields: Record<string, JsonValue>): EventMessage =>
  ({ eventName: 'Transfer', data: { fields: new Map(Object.entries(fields)) } }) as unknown as EventMessage;
const event = message({ block_hash: hash, args: { to: '0x1', note: `${'字'.repeat(40)}\u001b[2J` } });
const previewed = [
  {
    event,
    steps: [
      { name: 'rows', type: 'dict_mapper', data: message({ hash }).data },
      { name: 'none', type: 'dict_mapper', data: null },
    ],
  },
];

describe('previewLines', () => {
  it('show values whole where they need not fit, and nothing that steers a terminal', () => {
    const lines = previewLines(previewed, undefined);
    expect(lines[0]).to.match(/^ +Transfer +rows +none$/);
    expect(lines[1]).to.match(new RegExp(`^block_hash +${hash} +- +\\(left out\\)$`));
    expect(lines.find((line) => line.startsWith('args.note'))).to.contain('字'.repeat(40));
    expect(lines.join('')).not.to.contain('\u001b');
  });

  it('are never wider than the terminal, with the names of fields whole', () => {
    for (let width = 48; width < 200; width++) {
      for (const line of previewLines(previewed, width)) expect(displayWidth(line), line).to.be.at.most(width);
    }
    const lines = previewLines(previewed, 60);
    expect(lines[1]).to.match(/^block_hash +0xabab[ab]+… +- +\(left out\)$/);
  });
});
