import hashWasm from 'hash-wasm/dist/keccak.umd.min.js';

/** One for all: a hash is begun and ended in one go. It is ready before anything that imports it runs. */
const hasher = await hashWasm.createKeccak(256);

/** Returns the Keccak-256 of bytes, or of a text in UTF-8. */
export function keccak256(data: Uint8Array | string): Uint8Array {
  return hasher.init().update(data).digest('binary');
}

/** Returns it as 0x-hex. */
export function keccakHex(data: Uint8Array | string): string {
  return `0x${hasher.init().update(data).digest()}`;
}
