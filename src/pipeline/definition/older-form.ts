import { toChecksumAddress } from '../../chain/abi/checksum.js';

type Path = readonly PropertyKey[];
type Keys = Readonly<Record<string, unknown>>;

/** Something that is accepted, and worth a word. */
export interface FormRemark {
  readonly path: Path;
  readonly message: string;
}

/** A definition in one form, whichever it was written in. */
export interface OneForm {
  readonly value: unknown;
  /** Keys and addresses that were accepted, in the order of their kind. */
  readonly remarks: readonly FormRemark[];
  /** What is wrong with the form itself. */
  readonly problems: readonly FormRemark[];
  /** Returns where something of `value` stands in the file. */
  readonly placeOf: (path: Path) => Path;
  /** True where it is read as the older program read it. */
  readonly isOlder: boolean;
}

/** Keys of the older program that have no meaning here. */
const withoutMeaning = new Set([
  ...['output_format', 'version', 'message_config', 'error_handling', 'performance', 'input_dependencies', 'sync_send'],
]);
/** Lists whose items may have a description. */
const describedLists = new Set(['contract_callers', 'mapping_rules']);
const addressKeys = new Set(['contract_address', 'address', 'address_filters', 'factory']);
/** Keys whose values are somebody's own: what is called an address in them may be any text. */
const ownValues = new Set(['default_value', 'condition', 'body', 'abi']);

/** How a definition is read. */
interface Reading {
  /** True: wrong checksums are taken whatever it holds. */
  readonly isLenient: boolean;
  /** The keys of its components in the order of the file, where they are a mapping. */
  readonly order: readonly string[];
}

/** Brings a definition of the older program into the form of this one. */
export function toOneForm(value: unknown, { isLenient, order }: Reading): OneForm {
  if (!isKeys(value)) return { value, remarks: [], problems: [], placeOf: (path) => path, isOlder: false };
  const places: FormPlace[] = [];
  const problems: FormRemark[] = [];
  const components = componentsOf(value['components'], order, { places, problems });
  const form = new FormReader();
  const read = form.read({ ...value, ...(components === undefined ? {} : { components }) }, [], null) as Keys;
  const isOlder = isLenient || form.remarks.length > 0 || isKeys(value['components']);
  const placeOf = (path: Path): Path => placeIn(path, places);
  const placed = (remarks: readonly FormRemark[]): readonly FormRemark[] =>
    remarks.map((each) => ({ ...each, path: placeOf(each.path) }));
  if (!isOlder) return { value: read, remarks: placed(form.remarks), problems, placeOf, isOlder };
  const values = new ValueReader();
  const lenient = values.read(read, []) as Keys;
  const { components: list, remarks: ofShapes } = olderComponents(lenient['components']);
  const remarks = placed([...form.remarks, ...values.remarks, ...ofShapes]);
  const kept = Array.isArray(list) ? [...list.entries()].filter(([, each]) => each !== leftOut) : [];
  // What is left out has no place.
  if (places.length > 0) places.splice(0, places.length, ...kept.flatMap(([position]) => places[position] ?? []));
  const written = kept.map(([position]) => (lenient['components'] as readonly unknown[])[position]);
  const named = Array.isArray(list) ? { components: kept.map(([, each]): unknown => each) } : {};
  const placeOfOlder = (path: Path): Path => placeOf(writtenPath(path, written));
  return { value: { ...lenient, ...named }, remarks, problems, placeOf: placeOfOlder, isOlder };
}

/** Where a component stands in the file, and which of its keys stand in its `config`. */
interface FormPlace {
  readonly at: Path;
  readonly inConfig: ReadonlySet<string>;
}

/** A mapping's order is that of the components; what is not enabled is left out, and a `config` stands for its keys. */
function componentsOf(
  value: unknown,
  order: readonly string[],
  { places, problems }: { readonly places: FormPlace[]; readonly problems: FormRemark[] },
): unknown {
  const entries: readonly (readonly [PropertyKey, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : isKeys(value)
      ? [...new Set(order)].filter((key) => Object.hasOwn(value, key)).map((key) => [key, value[key]])
      : [];
  const isForm = Array.isArray(value) || (isKeys(value) && Object.values(value).every(isKeys));
  if (!isForm) return value;
  return entries.flatMap(([key, component]) => {
    if (!isKeys(component)) {
      places.push({ at: ['components', key], inConfig: new Set() });
      return [component];
    }
    const { enabled, config, ...own } = component;
    if (enabled === false) return [];
    const at = ['components', key];
    if (enabled !== undefined && enabled !== true)
      problems.push({ path: [...at, 'enabled'], message: 'must be true or false' });
    if (config !== undefined && !isKeys(config))
      problems.push({ path: [...at, 'config'], message: 'must be a mapping of keys to values' });
    const inner = isKeys(config) ? config : {};
    places.push({ at, inConfig: new Set(Object.keys(inner)) });
    const named = typeof key === 'string' && own['name'] === undefined ? { name: key } : {};
    return [{ ...named, ...own, ...inner }];
  });
}

function placeIn(path: Path, places: readonly FormPlace[]): Path {
  const [first, position, key, ...rest] = path;
  const place = first === 'components' && typeof position === 'number' ? places[position] : undefined;
  if (place === undefined) return path;
  if (key === undefined) return place.at;
  return [...place.at, ...(place.inConfig.has(String(key)) ? ['config'] : []), key, ...rest];
}

/** Leaves out keys that have no meaning, each told once. */
class FormReader {
  readonly remarks: FormRemark[] = [];
  readonly #told = new Set<string>();

  read(value: unknown, path: Path, list: string | null): unknown {
    if (Array.isArray(value)) return value.map((item, position) => this.read(item, [...path, position], list));
    if (!isKeys(value) || path.includes('abi')) return value;
    const isOwn = path.length === 0 || (path[0] === 'components' && path.length === 2);
    const entries = Object.entries(value).filter(([key]) => {
      const isLeftOut = isOwn ? withoutMeaning.has(key) : key === 'description' && describedLists.has(list ?? '');
      if (isLeftOut) this.#tell(key, [...path, key]);
      return !isLeftOut;
    });
    return Object.fromEntries(entries.map(([key, each]) => [key, this.read(each, [...path, key], key)]));
  }

  #tell(key: string, path: Path): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.remarks.push({ path, message: 'has no meaning here, and is left out' });
  }
}

/** Reads values as the older program did: empty ones are none, an ABI may be a text, and the checksum of an address is not looked at. */
class ValueReader {
  readonly remarks: FormRemark[] = [];

  read(value: unknown, path: Path): unknown {
    const key = path.findLast((part) => typeof part === 'string') ?? '';
    if (typeof value === 'string') return addressKeys.has(key) ? this.#address(value, path) : value;
    if (Array.isArray(value)) return value.map((item, position) => this.read(item, [...path, position]));
    if (!isKeys(value)) return value;
    const entries = Object.entries(value).flatMap(([name, each]): [string, unknown][] => {
      if (name === 'abi' && typeof each === 'string' && each !== '') return [[name, parsed(each)]];
      if (ownValues.has(name)) return [[name, each]];
      return each === null || each === '' ? [] : [[name, this.read(each, [...path, name])]];
    });
    return Object.fromEntries(entries);
  }

  #address(text: string, path: Path): string {
    const lower = text.trim().toLowerCase();
    const digits = text.trim().slice(2);
    const isMixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
    if (!/^0x[0-9a-f]{40}$/.test(lower)) return text;
    const right = toChecksumAddress(lower);
    if (isMixed && right.slice(2) !== digits)
      this.remarks.push({ path, message: `${text} has a wrong EIP-55 checksum; taken for ${right}` });
    return lower;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const leftOut = Symbol('left out');

/** What the older program calls keys of Kafka that have another name here. */
const kafkaNames = new Map([
  ['compression_type', 'compression'],
  ['sasl_plain_username', 'sasl_username'],
  ['sasl_plain_password', 'sasl_password'],
]);

/** Returns the path that something of a component had before it was brought into the shape that it has here. */
function writtenPath(path: Path, components: readonly unknown[]): Path {
  const [first, position, key, ...rest] = path;
  const component = first === 'components' && typeof position === 'number' ? components[position] : undefined;
  if (!isKeys(component) || key === undefined || Object.hasOwn(component, key)) return path;
  if (key === 'dict_mappers') return [first, position, ...rest.slice(1)] as Path;
  const older = [...kafkaNames].find(([name, here]) => here === key && Object.hasOwn(component, name));
  return older === undefined ? path : ([first, position, older[0], ...rest] as Path);
}

/** Brings components into the shape that they have here. */
function olderComponents(value: unknown): { readonly components: unknown; readonly remarks: readonly FormRemark[] } {
  const remarks: FormRemark[] = [];
  if (!Array.isArray(value)) return { components: value, remarks };
  const [source] = value as readonly unknown[];
  const chain = isKeys(source) ? source['chain_name'] : undefined;
  const components = value.map((each: unknown, position) => {
    if (!isKeys(each)) return each;
    const remark = (key: string, message: string): void =>
      void remarks.push({ path: ['components', position, key], message });
    if (each['type'] === 'dict_mapper') return olderMapper(each);
    if (each['type'] === 'contract_caller') return olderCaller(each, chain);
    return each['type'] === 'kafka_producer' ? olderProducer(each, remark) : each;
  });
  return { components, remarks };
}

/** One mapper may stand on the component itself. */
function olderMapper(keys: Keys): Keys {
  const { mapping_rules: rules, event_name: event, ...others } = keys;
  if (rules === undefined || others['dict_mappers'] !== undefined) return keys;
  return { ...others, dict_mappers: [{ ...(event === undefined ? {} : { event_name: event }), mapping_rules: rules }] };
}

/** The chain is the source's; an ABI beside a list of calls is that of all that have none. */
function olderCaller(keys: Keys, chain: unknown): Keys {
  const withoutChain = (each: Keys): Keys => {
    const { chain_name: own, ...others } = each;
    return own === chain ? others : each;
  };
  const { contract_callers: calls, abi_path: path, ...others } = withoutChain(keys);
  if (!Array.isArray(calls)) return withoutChain(keys);
  const given = path === undefined ? {} : { abi_path: path };
  const callOf = (each: unknown): unknown => {
    if (!isKeys(each)) return each;
    return { ...(each['abi'] === undefined ? given : {}), ...withoutChain(each) };
  };
  return { ...others, contract_callers: calls.map(callOf) };
}

/** Without servers it is off; nothing of it makes a delivery less sure. */
function olderProducer(keys: Keys, remark: (key: string, message: string) => void): Keys | typeof leftOut {
  const { batch_size: bytes, acks, ...others } = keys;
  if (others['bootstrap_servers'] === undefined) {
    remark('name', 'has no bootstrap_servers: the component is left out');
    return leftOut;
  }
  if (bytes !== undefined) remark('batch_size', 'is a number of bytes there, and is left out');
  const isUnsure = String(acks) === '0';
  if (isUnsure) remark('acks', 'is all here: nothing is delivered that no broker has acknowledged');
  const entries = Object.entries(others).map(([key, value]): [string, unknown] => [kafkaNames.get(key) ?? key, value]);
  return { ...Object.fromEntries(entries), ...(acks === undefined || isUnsure ? {} : { acks }) };
}

function isKeys(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
