/** Where the digits are written, where their hash is found (20 bytes of it), and the bytes that `run` needs itself. */
export const digitsAt = 0;
export const hashAt = 64;
const roundsAt = 128;
/** Behind what the module uses, the memory is free: a page of 64 KiB in all. */
export const memoryUsed = roundsAt + 24 * 8;

const lanes = 25;
const columnsAt = lanes;
const movedAt = columnsAt + 5;
const roundAt = movedAt + lanes;

/** FIPS 202, 3.2.5: what is added to the first lane in each round. */
const roundConstants = [
  0x0000000000000001n,
  0x0000000000008082n,
  0x800000000000808an,
  0x8000000080008000n,
  0x000000000000808bn,
  0x0000000080000001n,
  0x8000000080008081n,
  0x8000000000008009n,
  0x000000000000008an,
  0x0000000000000088n,
  0x0000000080008009n,
  0x000000008000000an,
  0x000000008000808bn,
  0x800000000000008bn,
  0x8000000000008089n,
  0x8000000000008003n,
  0x8000000000008002n,
  0x8000000000000080n,
  0x000000000000800an,
  0x800000008000000an,
  0x8000000080008081n,
  0x8000000000008080n,
  0x0000000080000001n,
  0x8000000080008008n,
];

// WebAssembly's instructions, by the names of its text format.
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const i32 = (value: number): number[] => [0x41, ...signed(BigInt(value))];
const i64 = (value: bigint): number[] => [0x42, ...signed(value)];
const load = (offset: number): number[] => [0x29, 3, ...unsigned(offset)];
const store = (offset: number): number[] => [0x37, 3, ...unsigned(offset)];
const and = 0x83;
const xor = 0x85;
const rotateLeft = 0x89;
const i32Add = 0x6a;
const i32LessThan = 0x49;

/** Returns a WebAssembly module whose `run` hashes, by Keccak-256, the 40 bytes at `digitsAt` of its memory. */
export function keccakModule(): Uint8Array<ArrayBuffer> {
  const constants = new Uint8Array(new BigUint64Array(roundConstants).buffer);
  const noResult = [0x60, 0, 0];
  const exported = [...name('memory'), 2, 0, ...name('run'), 0, 0];
  const locals = [2, ...unsigned(roundAt), 0x7e, 1, 0x7f];
  const body = [...locals, ...absorb(), ...permute(), ...squeeze(), 0x0b];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, ...noResult]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...exported]),
    ...section(10, [1, ...sized(body)]),
    ...section(11, [1, 0, ...i32(roundsAt), 0x0b, ...sized([...constants])]),
  ]);
}

/** The 40 bytes are five lanes; behind them stand the padding's first byte and, at the end of the block, its last bit. */
function absorb(): number[] {
  const lane = (at: number): number[] => {
    if (at < 5) return [...i32(digitsAt), ...load(at * 8)];
    return i64(at === 5 ? 1n : at === 16 ? -(1n << 63n) : 0n);
  };
  return every(lanes, (at) => [...lane(at), ...set(at)]);
}

function squeeze(): number[] {
  return every(3, (at) => [...i32(hashAt), ...get(at), ...store(at * 8)]);
}

function permute(): number[] {
  const next = [...get(roundAt), ...i32(8), i32Add, 0x22, roundAt];
  const again = [...i32(roundConstants.length * 8), i32LessThan, 0x0d, 0];
  return [0x03, 0x40, ...theta(), ...chi(), ...iota(), ...next, ...again, 0x0b];
}

/** FIPS 202, 3.2.1 to 3.2.3: theta, and the moves of rho and pi with it. */
function theta(): number[] {
  const sums = every(5, (x) => {
    const others = every(4, (y) => [...get(x + 5 * (y + 1)), xor]);
    return [...get(x), ...others, ...set(columnsAt + x)];
  });
  const moves = every(lanes, (at) => {
    const [x, y] = [at % 5, Math.floor(at / 5)];
    const before = get(columnsAt + ((x + 4) % 5));
    const behind = [...get(columnsAt + ((x + 1) % 5)), ...i64(1n), rotateLeft];
    const mixed = [...get(at), ...before, xor, ...behind, xor];
    return [...mixed, ...i64(BigInt(rotation(x, y))), rotateLeft, ...set(movedAt + y + 5 * ((2 * x + 3 * y) % 5))];
  });
  return [...sums, ...moves];
}

/** FIPS 202, 3.2.2: by how many bits a lane is rotated. */
function rotation(x: number, y: number): number {
  let [u, v] = [1, 0];
  for (let t = 0; t < 24; t++) {
    if (u === x && v === y) return (((t + 1) * (t + 2)) / 2) % 64;
    [u, v] = [v, (2 * u + 3 * v) % 5];
  }
  return 0;
}

/** FIPS 202, 3.2.4. */
function chi(): number[] {
  return every(lanes, (at) => {
    const row = movedAt + 5 * Math.floor(at / 5);
    const [first, second] = [get(row + ((at + 1) % 5)), get(row + ((at + 2) % 5))];
    return [...get(movedAt + at), ...first, ...i64(-1n), xor, ...second, and, xor, ...set(at)];
  });
}

/** FIPS 202, 3.2.5. */
function iota(): number[] {
  return [...get(0), ...get(roundAt), ...load(roundsAt), xor, ...set(0)];
}

function every(count: number, code: (at: number) => number[]): number[] {
  return Array.from({ length: count }, (_, at) => code(at)).flat();
}

function section(id: number, content: number[]): number[] {
  return [id, ...sized(content)];
}

function sized(content: number[]): number[] {
  return [...unsigned(content.length), ...content];
}

function name(text: string): number[] {
  return sized([...Buffer.from(text)]);
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >> 7)];
}

/** LEB128 of a signed number. */
function signed(value: bigint): number[] {
  const digit = Number(value & 127n);
  const rest = value >> 7n;
  const isLast = (rest === 0n && digit < 64) || (rest === -1n && digit >= 64);
  return isLast ? [digit] : [digit | 128, ...signed(rest)];
}
