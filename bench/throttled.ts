import { playSeeds, throttlings } from '../test/chain/transport/endpoints/throttled-endpoints.js';
import type { Benchmark } from './benchmark.js';

/** How near whoever is refused comes to what whoever knew the endpoint would get, in time that only seems to pass. */
export const throttled: Benchmark = {
  summary: 'calls answered by endpoints that refuse some, beside what an oracle would get',
  async run(options, report) {
    for (const throttling of throttlings) {
      const played = await playSeeds(throttling, options.number('seconds', 60), options.number('seeds', 5));
      const [worst, median] = [played[0]!, played[Math.floor(played.length / 2)]!];
      report.note(
        `${median.asked} calls, ${median.answered} of them answered; the worst share is ${worst.share.toFixed(2)}`,
      );
      report.atLeast(`share of an oracle's answers, ${throttling.name}`, median.share, 0.7);
    }
  },
};
