import { expect } from 'chai';
import { Child } from '../../support/child.js';
import { projectRoot } from '../../support/processes.js';

const program = `
  const { loadRdKafka } = await import('./src/components/kafka-producer/rdkafka.ts');
  await loadRdKafka().catch(({ message, hint }) => console.log(message + '; ' + hint));
`;

describe('node-rdkafka', () => {
  it('is named, with what to install, where it is missing', async () => {
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const { stdout } = await new Child(process.execPath, args, { cwd: projectRoot }).exit();
    expect(stdout).to.match(
      /^kafka_producer needs node-rdkafka: not installed; npm install node-rdkafka, with --global/,
    );
  });
});
