/** The part of the package `hash-wasm` that holds Keccak alone: the whole takes ten times as long to load. */
declare module 'hash-wasm/dist/keccak.umd.min.js' {
  import type { createKeccak } from 'hash-wasm';

  const algorithms: { readonly createKeccak: typeof createKeccak };
  export default algorithms;
}
