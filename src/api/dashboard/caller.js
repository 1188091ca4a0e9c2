import { getJson } from './api-client.js';

/** Asks what the caller may do; until that is known nothing is offered that may be refused. */
export async function askWhatMayBeDone() {
  const caller = await getJson('/api/v1/caller').catch(() => null);
  if (caller !== null) document.documentElement.dataset.mayChange = caller.may_change ? 'yes' : 'no';
}
