import { expect } from 'chai';
import { Nodes } from '../../../src/database/drivers/nodes.js';
import { DatabaseUnreachableError } from '../../../src/runtime/errors.js';
import { rejectionOf } from '../../support/rejection.js';

describe('the nodes of a cluster', () => {
  const named = (...hosts: string[]): Nodes<{ host: string; port: number }> =>
    new Nodes(hosts.map((host) => ({ host, port: 1 })));
  let down: Set<string>;

  const connect = (nodes: Nodes<{ host: string; port: number }>): Promise<{ host: string }> =>
    nodes.connect(
      ({ host }) => (down.has(host) ? Promise.reject(new Error(`${host} is down`)) : Promise.resolve({ host })),
      (error) => (error as Error).message.endsWith('is down'),
    );

  beforeEach(() => (down = new Set()));

  it('are tried in their order, and the one that answered is kept, though an earlier one is back', async () => {
    const nodes = named('a', 'b', 'c');
    down.add('a');
    expect((await connect(nodes)).host).to.equal('b');
    down.clear();
    expect((await connect(nodes)).host).to.equal('b');
  });

  it('take turns where one is lost, once however many connections led there, and round to the first', async () => {
    const nodes = named('a', 'b');
    const [one, other] = [await connect(nodes), await connect(nodes)];
    nodes.lost(one);
    nodes.lost(other);
    expect([nodes.isInUse(one), (await connect(nodes)).host]).to.deep.equal([false, 'b']);
    down.add('b');
    expect((await connect(nodes)).host).to.equal('a');
    expect(nodes.isInUse(one)).to.equal(true);
  });

  it('are named with what each was met with where none can be used', async () => {
    down = new Set(['a', 'b']);
    const error = await rejectionOf(connect(named('a', 'b')), DatabaseUnreachableError);
    expect(error.message).to.equal('no node of the cluster can be used: a:1: a is down; b:1: b is down');
  });

  it('are not gone through for what another node would not mend, nor where there is one', async () => {
    const refuse = named('a', 'b').connect(
      () => Promise.reject(new Error('wrong password')),
      () => false,
    );
    expect((await rejectionOf(refuse, Error)).message).to.equal('wrong password');
    down.add('a');
    expect((await rejectionOf(connect(named('a')), Error)).message).to.equal('a is down');
  });
});
