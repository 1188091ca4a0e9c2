import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { hasTargets } from '../../components/ask-targets.js';
import { accessProblems } from '../../components/definition-access.js';
import { filledTwice } from '../../components/filled-twice.js';
import { registry, type Registry } from '../../components/registry.js';
import { findSource } from '../../components/source-of.js';
import { fieldsBelow } from '../../components/stages-of.js';
import type { Component, PipelineDefinition } from '../../model/pipeline.js';
import { ComponentReader } from './component-reader.js';
import { definitionSchema, mostComponents } from './definition-schema.js';
import { forgive } from './forgive.js';
import { toOneForm, type FormRemark, type OneForm } from './older-form.js';
import { ProblemList, keyOf, mostProblems } from './problem-list.js';
import type { FileProblem } from '../../runtime/errors.js';
import type { DefinitionOptions, ReadSinks } from './definition-options.js';
import { AbiResolver } from './resolve-abi.js';
import { YamlFile } from './yaml-file.js';
import type { Remark } from '../../components/seam/component.js';
import { missingEvent } from '../../components/keys/event-keys.js';

/** Reads one definition, to its end, whatever is wrong with it. */
export class DefinitionReader {
  readonly #options: DefinitionOptions;
  readonly #value: unknown;
  readonly #problems: ProblemList;
  readonly #components: ComponentReader;
  readonly #form: OneForm;
  readonly #file: YamlFile;

  /** Throws FileProblemsError where the text is no YAML and no JSON. */
  constructor(text: string, path: string | null, options: DefinitionOptions) {
    const { storedAbi, kinds = registry, name = path ?? 'the definition', mostNodes } = options;
    const file = new YamlFile(text, name, mostNodes);
    const abis = new AbiResolver(path === null ? null : dirname(path), storedAbi);
    const form = toOneForm(file.value, { isLenient: options.isLenient ?? false, order: file.keysIn('components') });
    this.#options = options;
    this.#file = file;
    this.#form = form;
    this.#value = form.value;
    this.#problems = new ProblemList({ problems: file.problems, find: (at) => file.find(form.placeOf(at)) });
    this.#components = new ComponentReader(kinds, abis, { problems: this.#problems, isOlder: form.isOlder });
  }

  /** Throws FileProblemsError with all that is wrong. */
  async read(): Promise<PipelineDefinition> {
    const schema = definitionSchema(this.#options.heartbeatIntervalSeconds);
    const { isOlder } = this.#form;
    const { value, remarks } = isOlder ? await forgive(schema, this.#value) : { value: this.#value, remarks: [] };
    this.#components.remarks.push(...remarks);
    const keys = await this.#problems.check(schema, value);
    for (const { path, message } of this.#form.problems) this.#problems.add(path, message);
    const all = await this.#readComponents();
    await this.#checkSinks(all);
    const read = all.map((component) => component ?? undefined);
    this.#checkFilledTwice(read);
    const doubts = await this.#askTargets(read, {
      id: keys?.id ?? null,
      name: keys?.name ?? keys?.pipeline_name ?? null,
    });
    const components = read.filter((component) => component !== undefined);
    if (keys?.schedule !== undefined) this.#checkScheduled(components);
    this.#problems.throwIfAny();
    await this.#warn(read, doubts);
    return {
      id: keys?.id ?? null,
      name: keys?.name ?? keys?.pipeline_name ?? '',
      classificationId: keys?.classification_id ?? null,
      description: keys?.description ?? null,
      timeoutMinutes: keys?.timeout_minutes ?? null,
      restart: keys?.restart ?? null,
      schedule: keys?.schedule ?? null,
      timeZone: keys?.time_zone ?? null,
      components,
      ...(this.#options.access === undefined ? {} : { origin: 'api' as const }),
    };
  }

  /** A realtime pipeline never ends, so that it can't begin again. */
  #checkScheduled(components: readonly Component[]): void {
    const source = findSource({ components }, this.#options.kinds);
    if (source?.mode === 'realtime')
      this.#problems.add(['schedule'], 'is for historical pipelines: this one is realtime');
  }

  /** They are read whatever is wrong above them; undefined: something is wrong with it; null: it is left out. */
  async #readComponents(): Promise<readonly (Component | undefined | null)[]> {
    const { components } = (this.#value ?? {}) as { readonly components?: unknown };
    const read: (Component | undefined | null)[] = [];
    for (const [position, each] of (Array.isArray(components) ? components.slice(0, mostComponents) : []).entries()) {
      // Requests that wait get their turn.
      await setImmediate();
      read.push(await this.#components.read(each, position));
    }
    return read;
  }

  /** A table or a folder bears one sink: the second would deliver nothing, and a run would wait for it. */
  #checkFilledTwice(components: readonly (Component | undefined)[]): void {
    const { kinds = registry, surroundings = null } = this.#options;
    for (const { path, by } of filledTwice(components, kinds, surroundings)) {
      this.#problems.add(path, `is filled by the sink '${by}' already: it has one sink`);
    }
  }

  /** A table that another pipeline fills would be refused to the first run; returns what could not be found out. */
  async #askTargets(
    components: readonly (Component | undefined)[],
    named: Omit<ReadSinks, 'components'>,
  ): Promise<readonly FormRemark[]> {
    const { askTargets, kinds } = this.#options;
    if (askTargets === undefined || !hasTargets(components, kinds)) return [];
    const findings = await askTargets({ ...named, components });
    for (const { path, message, hint, isRefused } of findings) if (isRefused) this.#problems.add(path, message, hint);
    return findings.filter(({ isRefused }) => !isRefused);
  }

  /** What reaches a sink is known where the source and all stages above it are right. */
  async #checkSinks(components: readonly (Component | undefined | null)[]): Promise<void> {
    const { kinds = registry, surroundings = null, access = null } = this.#options;
    const written = (this.#value as { readonly components?: readonly { readonly type?: unknown }[] } | null)
      ?.components;
    const above: Component[] = [];
    for (const [position, component] of components.entries()) {
      if (component === null) continue;
      const kind = kinds.find(String(component?.type ?? written?.[position]?.type));
      // A sink, right or wrong, changes nothing of what others get.
      if (component === undefined && kind?.role !== 'sink') return;
      if (component === undefined) continue;
      if (kind?.role === 'sink') {
        const found = await kind.problems?.(component.config, fieldsBelow(above, kinds), surroundings);
        for (const { at, message, hint } of [...accessProblems(component.config, access), ...(found ?? [])]) {
          this.#problems.add(['components', position, ...at], message, hint);
        }
      }
      above.push(component);
    }
  }

  /** Tells what is accepted and worth a word, in the order of the lines. */
  async #warn(components: readonly (Component | undefined)[], doubts: readonly FormRemark[]): Promise<void> {
    const { onWarning, kinds = registry } = this.#options;
    if (onWarning === undefined) return;
    const ofComponents = await componentRemarks(components, kinds);
    const remarks = [
      ...this.#form.remarks,
      ...[...this.#components.remarks, ...ofComponents, ...doubts].map(({ path, ...remark }) => ({
        ...remark,
        path: this.#form.placeOf(path),
      })),
    ];
    const warnings = remarks.slice(0, mostProblems).map(({ path, message }): FileProblem => {
      const { file, line } = this.#file.find(path);
      return { file, line, key: keyOf(path), message };
    });
    for (const warning of warnings.toSorted((a, b) => a.line - b.line)) onWarning(warning);
  }
}

/** Returns what the stages and sinks of a pipeline remark of its events, each with its path in the definition. */
async function componentRemarks(
  components: readonly (Component | undefined)[],
  kinds: Registry,
): Promise<readonly FormRemark[]> {
  const remarks = await Promise.all(
    components.map(async (component, position) => {
      if (component === undefined) return [];
      const above = components.slice(0, position).filter((each) => each !== undefined);
      const found = await remarksOf(component, above, kinds);
      return found.map(({ at, message }) => ({ path: ['components', position, ...at], message }));
    }),
  );
  return remarks.flat();
}

async function remarksOf(
  { type, config }: Component,
  above: readonly Component[],
  kinds: Registry,
): Promise<readonly Remark[]> {
  const kind = kinds.find(type);
  if (kind?.role === 'stage') return (await kind.remarks?.(config, fieldsBelow(above, kinds))) ?? [];
  if (kind?.role !== 'sink') return [];
  // Of an event that the source never gives a sink would deliver nothing, for ever and in silence.
  const events = fieldsBelow(above, kinds);
  return (kind.describe(config).eventNames ?? []).flatMap((name) => {
    const remark = missingEvent(name, events);
    return remark === null ? [] : [{ ...remark, at: ['event_name'] }];
  });
}
