import type { AbiCoder, ParamType } from 'ethers/abi';
import { parseMembers, typeName } from '../../chain/abi/abi-type.js';
import type { AbiType } from '../../chain/abi/abi-type.js';
import { keccakHex } from '../../chain/abi/keccak.js';
import { jsonText } from '../../model/event-message.js';
import type { JsonValue } from '../../model/event-message.js';
import type { AbiFragment } from '../../model/pipeline.js';
import { messageOf } from '../../runtime/errors.js';
import { answerValue, wideName } from './answer-value.js';
import { argumentValue } from './argument-value.js';
import { methodSignature } from './select-method.js';
import { toBytes } from '../../runtime/hex-bytes.js';

/** A value that a method takes no such, or an answer that is none. */
export class ValueError extends Error {}

/** What `decimals()` may be: amounts with more digits behind the point are a broken contract's. */
const mostDecimals = 255;

/** Texts that a method remembers. */
const mostRemembered = 1_000;

/** A method of a contract: writes its calls, and reads its answers. */
export class Method {
  readonly name: string;
  readonly #coder: AbiCoder;
  readonly #selector: string;
  readonly #inputs: readonly AbiType[];
  readonly #params: readonly ParamType[];
  readonly #outputs: readonly AbiType[];
  readonly #encoded = new Memo<string>();
  readonly #decoded = new Memo<JsonValue>();

  private constructor(fragment: AbiFragment, coder: AbiCoder, paramOf: (type: string) => ParamType) {
    const { name = '', inputs = [], outputs = [] } = fragment;
    this.name = name;
    this.#coder = coder;
    this.#selector = keccakHex(methodSignature(fragment)).slice(0, 10);
    this.#inputs = parseMembers(inputs, 'inputs').map(({ type }) => type);
    // What encodes knows no functions, which are 24 bytes.
    this.#params = this.#inputs.map((type) => paramOf(typeName(type).replaceAll('function', 'bytes24')));
    this.#outputs = parseMembers(outputs, 'outputs').map(({ type }) => type);
  }

  /** Loads what encodes and decodes. */
  static async load(fragment: AbiFragment): Promise<Method> {
    const { AbiCoder, ParamType } = await import('ethers/abi');
    return new Method(fragment, AbiCoder.defaultAbiCoder(), (type) => ParamType.from(type));
  }

  /** Returns the data of a call; throws ValueError where a value does not fit its parameter. */
  encode(values: readonly JsonValue[]): string {
    return this.#encoded.get(jsonText(values), () => this.#encode(values));
  }

  #encode(values: readonly JsonValue[]): string {
    try {
      const wanted = this.#inputs.map((type, place) =>
        argumentValue(type, values[place] ?? null, `parameter ${place}`),
      );
      return this.#selector + this.#coder.encode(this.#params, wanted).slice(2);
    } catch (error) {
      throw new ValueError(reasonOf(error), { cause: error });
    }
  }

  /** Returns what an answer says: a value, or a list of several; throws ValueError where it is none of this method. */
  decode(data: string): JsonValue {
    return this.#decoded.get(data, () => this.#decode(data));
  }

  /** Says whether an answer is a value of this method. */
  returns(data: string): boolean {
    try {
      this.decode(data);
      return true;
    } catch {
      return false;
    }
  }

  #decode(data: string): JsonValue {
    if (data === '0x' && this.#outputs.length > 0) throw new ValueError('there is no contract, or it answers nothing');
    const values = this.#values(data);
    const [only = null] = values;
    if (values.length !== 1) return values;
    const isDecimals = this.name === 'decimals' && this.#inputs.length === 0;
    if (isDecimals && (typeof only === 'string' || Number(only) > mostDecimals)) {
      throw new ValueError(`${jsonText(only)} is no number of decimals`);
    }
    return only;
  }

  #values(data: string): readonly JsonValue[] {
    try {
      const decoded = this.#coder.decode(this.#outputs.map(wideName), data);
      return this.#outputs.map((type, place) => answerValue(type, decoded[place] as unknown));
    } catch (error) {
      // Some old tokens answer with 32 bytes where a text is meant.
      const isText = this.#outputs.length === 1 && this.#outputs[0]?.kind === 'string';
      const text = isText ? bytes32Text(data) : null;
      if (text !== null) return [text];
      throw new ValueError(`its answer is no ${this.#outputs.map(typeName).join(', ')}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }
}

/** Remembers what was made of texts: events of one token need the same again and again. */
class Memo<T> {
  readonly #made = new Map<string, T>();

  /** Returns what was made of a text; makes it the first time. */
  get(text: string, make: () => T): T {
    const known = this.#made.get(text);
    if (known !== undefined) return known;
    const made = make();
    if (this.#made.size >= mostRemembered) this.#made.clear();
    this.#made.set(text, made);
    return made;
  }
}

function bytes32Text(data: string): string | null {
  if (data.length !== 66) return null;
  const bytes = toBytes(data);
  const end = bytes.indexOf(0);
  const text = bytes.subarray(0, end === -1 ? bytes.length : end);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(text);
  } catch {
    return null;
  }
}

/** The first words alone: the rest repeats the data. */
function reasonOf(error: unknown): string {
  const { shortMessage } = error as { readonly shortMessage?: string };
  return (shortMessage ?? messageOf(error)).replace(/\s+/g, ' ').slice(0, 200);
}
