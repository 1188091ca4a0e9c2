import { expect } from 'chai';
import { alertText } from '../../src/model/alert-text.js';
import { pipelineDown } from '../../src/tasks/alerts/alert-conditions.js';

describe('the alert of a suspended pipeline', () => {
  const textOf = (held: string, lang: 'en' | 'zh' = 'en'): string => {
    const trouble = { error: 'block 20 is refused', failures: 5, held, waitsFor: null, sinceSeconds: 4 };
    return alertText(pipelineDown({ id: 45, name: '' }, { taskId: 5, cause: 'failed', ...trouble }), 4, lang);
  };

  it('names the reason once', () => {
    const reason = '5 times the same fault at block 20: block 20 is refused';
    expect(textOf(reason)).to.equal(
      `pipeline 45 is down for 4 s: task 5 failed, 5 failures in a row; it waits for a person: ${reason}`,
    );
    expect(textOf('block 20 is refused', 'zh').split('block 20 is refused')).to.have.length(2);
  });

  it('names the error of the task, too, if the reason is another one', () => {
    expect(textOf('no such chain')).to.match(/failed: block 20 is refused, .*: no such chain$/);
  });
});
