import { playThrottling, throttlings } from '../test/chain/endpoints/throttled-endpoints.js';
import type { Benchmark } from './benchmark.js';

/** How near whoever is refused comes to what whoever knew the endpoint would get, in time that only seems to pass. */
export const throttled: Benchmark = {
  summary: 'calls answered by endpoints that refuse some, beside what an oracle would get',
  async run(options, report) {
    for (const throttling of throttlings) {
      const { answered, asked, share } = await playThrottling(throttling, options.number('seconds', 60));
      report.note(`${asked} calls, ${answered} of them answered`);
      report.atLeast(`share of an oracle's answers, ${throttling.name}`, share, 0.7);
    }
  },
};
