import { expect } from 'chai';
import { RpcError } from '../../../src/chain/errors/rpc-error.js';

/** Returns the RpcError with which a call fails. */
export async function errorOf(work: Promise<unknown>): Promise<RpcError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(RpcError);
  return error as RpcError;
}
