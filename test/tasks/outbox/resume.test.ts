import { expect } from 'chai';
import type { JournalHead } from '../../../src/database/events/journal-store.js';
import type { SinkStanding } from '../../../src/model/sink.js';
import { placeText } from '../../../src/tasks/outbox/place.js';
import type { SinkPlace } from '../../../src/tasks/outbox/place.js';
import { resumePlace } from '../../../src/tasks/outbox/resume.js';
import { SinkStoppedError } from '../../../src/tasks/outbox/sink-stopped-error.js';
import { rejectionOf } from '../../support/rejection.js';

describe('a sink whose target and row have come to the same version', () => {
  const endOf = (fromVersion: number, headBlock: number): SinkPlace => ({
    pass: {
      from: { version: fromVersion, block: null },
      to: { version: 3, block: null },
      ...{ headBlock, replay: 0, resends: false, number: 7 },
    },
    at: 'end',
  });
  const resume = (held: SinkPlace, own: SinkPlace): Promise<SinkPlace> =>
    resumePlace({
      standing: { pipelineId: 45, name: 'out', epoch: 'e', place: placeText(own), sentPlace: null } as SinkStanding,
      head: { epoch: 'e', version: 3 } as JournalHead,
      held: { epoch: 'e', claim: 1, place: placeText(held) },
      ...{ gathers: true, isLost: false },
      reachesBack: () => Promise.resolve(true),
      since: () => Promise.reject(new Error('it has begun')),
    });

  it('goes on from its target, wherever the passes began', async () => {
    expect(await resume(endOf(2, 9), endOf(0, 9))).to.deep.equal(endOf(2, 9));
  });

  it('stops if they end at different blocks: the database was set back', async () => {
    const { message } = await rejectionOf(resume(endOf(0, 9), endOf(0, 8)), SinkStoppedError);
    expect(message).to.include('the database was set back');
  });
});
