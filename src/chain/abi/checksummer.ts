import { digitsAt, hashAt, keccakModule, memoryUsed } from './keccak-module.js';

/** What is used here of WebAssembly, which the types of Node 20 leave out. */
interface WebAssemblyNames {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: { readonly memory: { readonly buffer: ArrayBuffer }; readonly run: () => void };
  };
}

const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyNames }).WebAssembly;

const textAt = memoryUsed;
const firstLetter = 97;
/** From a small letter to its capital. */
const toCapital = -32;

/** Makes the EIP-55 forms of addresses, several times as fast as with a Keccak in JavaScript. */
export class Checksummer {
  readonly #memory: Buffer;
  readonly #hash: () => void;

  constructor() {
    const { memory, run } = new Instance(new Module(keccakModule())).exports;
    this.#memory = Buffer.from(memory.buffer);
    this.#memory.write('0x', textAt, 'latin1');
    this.#hash = run;
  }

  /** Returns the EIP-55 form, with its 0x, of 40 hex digits in lower case. */
  checksum(digits: string): string {
    const memory = this.#memory;
    memory.write(digits, digitsAt, 'latin1');
    this.#hash();
    for (let i = 0; i < 40; i++) {
      const code = memory[digitsAt + i] ?? 0;
      const byte = memory[hashAt + (i >> 1)] ?? 0;
      const isHigh = (i & 1) === 0 ? byte >= 0x80 : (byte & 8) !== 0;
      memory[textAt + 2 + i] = isHigh && code >= firstLetter ? code + toCapital : code;
    }
    return memory.toString('latin1', textAt, textAt + 42);
  }
}
