import { expect } from 'chai';
import { nameFor, namePattern } from '../../../src/components/keys/name-pattern.js';

describe('the name of a stream, a subject or a key', () => {
  it('may hold the name of the event and variables, and nothing else in braces', () => {
    const pattern = namePattern(50);
    for (const text of [
      'usdc',
      'usdc.{event_name}',
      '{event_name}.{event_name}',
      '${STREAM}',
      '${STREAM:-usdc}.{event_name}',
    ]) {
      expect(pattern.parse(text)).to.equal(text);
    }
    for (const text of ['{event}', '{event_name', 'a}', '{args.from}', '{{event_name}}']) {
      expect(pattern.safeParse(text).error?.issues[0]?.message).to.contain('may hold {event_name}');
    }
  });

  it('takes the name of an event as it is', () => {
    expect(nameFor('a.{event_name}.{event_name}', 'B$&')).to.equal('a.B$&.B$&');
  });
});
