/** Has so many jobs done at a time, in their order: each is begun as soon as one before it is done. */
export async function inLanes<T>(
  jobs: readonly T[],
  lanes: number,
  doJob: (job: T) => Promise<unknown>,
): Promise<void> {
  // One iterator for all: whoever is free takes what comes next.
  const queue = jobs.values();
  const work = async (): Promise<void> => {
    for (const job of queue) await doJob(job);
  };
  await Promise.all(Array.from({ length: lanes }, work));
}
