import { expect } from 'chai';
import { RpcError } from '../../../../src/chain/transport/errors/rpc-error.js';
import type { RpcErrorClass } from '../../../../src/chain/transport/errors/rpc-error.js';
import { unknownErrorsOf } from '../../../../src/chain/transport/errors/unknown-errors.js';
import { MemoryLogger } from '../../../support/memory-logger.js';

function errorOf(text: string, kind: RpcErrorClass = 'unknown'): RpcError {
  return new RpcError(text, { class: kind, host: 'node' });
}

describe('errors of unknown kinds', () => {
  const listen = (): { logger: MemoryLogger; report: (error: RpcError) => void } => {
    const logger = new MemoryLogger();
    return { logger, report: (error) => unknownErrorsOf(logger).report(error) };
  };

  it('are told once each, whole', () => {
    const { logger, report } = listen();
    const text = `the moon is in the wrong house (${'x'.repeat(300)})`;
    report(errorOf(text));
    report(errorOf(text));
    report(errorOf('the sun as well'));
    expect(logger.lines).to.have.length(2);
    expect(logger.lines[0])
      .to.match(/^warn: /)
      .and.contain(`node: ${text}`);
  });

  it('count as the same where only numbers differ', () => {
    const { logger, report } = listen();
    for (const block of ['12', '13', '0x1a2b']) report(errorOf(`block ${block} is haunted`));
    expect(logger.lines).to.have.length(1);
  });

  it('are told of no more where a node always finds new words', () => {
    const { logger, report } = listen();
    for (let index = 0; index < 1_000; index++) report(errorOf('a'.repeat(index + 1)));
    expect(logger.lines).to.have.length(200);
  });

  it('are not told of where the kind is known', () => {
    const { logger, report } = listen();
    report(errorOf('internal error', 'internal'));
    expect(logger.lines).to.deep.equal([]);
  });
});
