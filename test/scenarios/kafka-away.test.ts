import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { HookServer } from '../support/hook-server.js';
import { describeWithKafka } from '../support/kafka-mock.js';
import { rdkafkaEnvironment } from '../support/rdkafka.js';
import { Scenario } from '../support/scenario.js';
import { SilentServer } from '../support/silent-server.js';
import { eventually } from '../support/within.js';

const busses = 20;

describeWithKafka('a Kafka that never answers', () => {
  eachDatabaseInTurn(
    'behind many sinks of one process',
    (databases) => {
      it('holds up no other sink, which needs names and files, and no end', async function () {
        this.timeout(90_000);
        const node = await ChainSimulator.start();
        node.mine(20);
        const hook = await HookServer.start();
        const silent = await SilentServer.start();
        const bus = { type: 'kafka_producer', bootstrap_servers: `127.0.0.1:${silent.port}`, topic: 'transfers' };
        const below = [
          ...Array.from({ length: busses }, (_none, n) => ({ name: `bus-${n}`, ...bus })),
          { name: 'hook', type: 'webhook_sink', url: `http://localhost:${hook.port}/hook`, allow_private: true },
        ];
        const source = { mode: 'realtime', below } as const;
        const scenario = await Scenario.begin(await databases.fresh(), node.url, source, rdkafkaEnvironment());
        const run = scenario.run();
        await eventually('all sinks ask it', () => silent.accepted >= busses, 30_000);
        const got = hook.got.length;
        node.mine(3);
        await eventually('the webhook has what came then', () => hook.got.length > got, 5_000);
        const toldAt = performance.now();
        run.signal('SIGTERM');
        expect((await run.exit()).code).to.equal(0);
        expect(performance.now() - toldAt).to.be.below(10_000);
        await node.stop();
      });
    },
    ['sqlite'],
  );
});
