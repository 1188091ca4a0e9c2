import { expect } from 'chai';
import type { LivingWorker } from '../../../src/database/operations/worker-store.js';
import { surplusOf, type HeldRun } from '../../../src/tasks/fleet/surplus.js';

describe('what a worker holds too much', () => {
  const worker = (id: number, running: number, chains: readonly string[] | null = null): LivingWorker => ({
    ...{ id, running, concurrency: 10, chains },
  });
  const run = (pipelineId: number, since: number, chain: string | null = 'ethereum'): HeldRun => ({
    ...{ pipelineId, since, chain, handOver: () => undefined },
  });
  const held = [run(1, 10), run(2, 30, 'arbitrum-nova'), run(3, 20)];
  const surplus = (me: LivingWorker, ...others: readonly LivingWorker[]): number | null =>
    surplusOf(me, [me, ...others], held)?.pipelineId ?? null;

  it('is the task that began last, where others have more room', () => {
    expect(surplus(worker(1, 6), worker(2, 2))).to.equal(2);
  });

  it('is nothing where it would only change places, or is not clearly more than a share', () => {
    expect(surplus(worker(1, 3), worker(2, 2))).to.equal(null);
    const large = (id: number, running: number): LivingWorker => ({ ...worker(id, running), concurrency: 1_000 });
    expect(surplus(large(1, 104), large(2, 100))).to.equal(null);
    expect(surplus(large(1, 130), large(2, 100))).to.equal(2);
  });

  it('is nothing where it is alone, or another is fuller, or as full and comes before it', () => {
    expect(surplus(worker(1, 6))).to.equal(null);
    expect(surplus(worker(1, 6), worker(2, 8), worker(3, 0))).to.equal(null);
    expect(surplus(worker(2, 8), worker(1, 8), worker(3, 0))).to.equal(null);
    expect(surplus(worker(1, 8), worker(2, 8), worker(3, 0))).to.equal(2);
  });

  it('is only what a worker with room reaches, however its chain is written', () => {
    expect(surplus(worker(1, 6), worker(2, 2, ['ethereum']))).to.equal(3);
    expect(surplus(worker(1, 6), worker(2, 2, ['base']))).to.equal(null);
    expect(
      surplusOf(worker(1, 6), [worker(1, 6), worker(2, 2, ['my-chain'])], [run(4, 1, 'My_Chain')])?.pipelineId,
    ).to.equal(4);
    expect(surplusOf(worker(1, 6), [worker(1, 6), worker(2, 2, [])], [run(5, 1, null)])?.pipelineId).to.equal(5);
  });
});
