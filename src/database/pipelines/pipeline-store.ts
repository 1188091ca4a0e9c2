import { maxId, mostGivenId, type Component, type Pipeline, type PipelineDefinition } from '../../model/pipeline.js';
import { NotFoundError, TakenError, UsageError } from '../../runtime/errors.js';
import type { Database, Query } from '../database.js';
import { writeIfHeld } from '../fenced-write.js';
import { ClassificationStore } from './classification-store.js';
import { deletePipeline } from './delete-pipeline.js';
import { listByName, nameKey, nameTaken, theOne, type CalledPipeline } from './pipeline-names.js';
import { readMembers } from '../sinks/config-member.js';
import { forgetOtherSinks } from '../sinks/sink-store.js';
import { endOpenShards, letGo, stopIfStarted } from '../task-steps/wanted-steps.js';
import { toInstantOrNull } from '../instant.js';
import { isSet, toPipeline } from './pipeline-rows.js';
import type { ComponentRow, PipelineRow } from './pipeline-rows.js';

/** A pipeline in a list: without its components' configs, which may be large. */
export interface PipelineSummary {
  readonly id: number;
  readonly name: string;
  readonly classificationId: number | null;
  readonly disabled: boolean;
  readonly createTime: string | null;
  readonly updateTime: string | null;
  /** The types of its components, in order. */
  readonly componentTypes: readonly string[];
  /** Another one with each definition that takes the place of this one; null: it has no components. */
  readonly revision: number | null;
}

/** How a definition is stored. */
export interface ImportOptions {
  /** It takes the place of another one. */
  readonly update?: boolean;
  /** Sinks by their names that fill another place than by the definition of before. */
  readonly moved?: readonly string[];
}

/** Pipelines' definitions: the tables `pipeline` and `pipeline_component`. */
export class PipelineStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Stores a definition and returns its id. Where `update` is set it replaces the pipeline of its id, else the one of its
   * name; checkpoint, tasks and events stay. Throws TakenError where its id or name is another's, and UsageError where
   * several have the name that is to be updated, or the id of a new one is too large, NotFoundError where a foreign key of an older program wants its classification to be there.
   */
  async import(definition: PipelineDefinition, { update = false, moved = [] }: ImportOptions = {}): Promise<number> {
    const { name } = definition;
    const named = await listByName(this.#database, name);
    const id = definition.id ?? (update ? theOne(name, named) : null);
    const old = id === null || id > maxId ? null : await this.#findName(id);
    if (old === null && id !== null && id > mostGivenId) throw tooLarge(id);
    if (old !== null && !update) throw taken(id ?? 0);
    const [other] = named.filter((each) => each.id !== id);
    // What an older program has named alike may be updated all the same.
    const keepsName = old !== null && nameKey(old.name) === nameKey(name);
    if (other !== undefined && !keepsName) throw nameTaken(other);
    const key = other === undefined ? nameKey(name) : null;
    if (key !== null) await this.#freeKey(key);
    try {
      if (id === null) return await this.#insert(definition, key);
      return await (old === null ? this.#insertAs(id, definition, key) : this.#replace(id, definition, key, moved));
    } catch (error) {
      // Somebody else may have given the name since it was looked for.
      const late = (await listByName(this.#database, name)).find((each) => each.id !== id);
      if (late !== undefined && key !== null) throw nameTaken(late);
      await this.#explain(error, definition);
      throw error;
    }
  }

  /** Lists all pipelines by id. */
  async list(): Promise<readonly PipelineSummary[]> {
    const rows = await this.#database.read<PipelineRow[]>((knex) => knex('pipeline').select('*').orderBy('id'));
    const components = await this.#database.read<Pick<ComponentRow, 'id' | 'pipeline_id' | 'type'>[]>((knex) =>
      knex('pipeline_component').select('id', 'pipeline_id', 'type').orderBy(['pipeline_id', 'position']),
    );
    const types = typesByPipeline(components);
    // A definition that takes the place of another has rows of its own, and no database gives an id twice.
    const revisions = new Map(components.map(({ id, pipeline_id: of }) => [of, id]));
    return rows.map((row) => ({
      id: row.id,
      name: row.name ?? '',
      classificationId: row.classification_id,
      disabled: isSet(row.disabled),
      createTime: toInstantOrNull(row.create_time),
      updateTime: toInstantOrNull(row.update_time),
      componentTypes: types.get(row.id) ?? [],
      revision: revisions.get(row.id) ?? null,
    }));
  }

  /** Returns a pipeline with its components; throws NotFoundError. */
  async get(id: number): Promise<Pipeline> {
    const [row] = await this.#database.read<PipelineRow[]>((knex) => knex('pipeline').select('*').where({ id }));
    if (row === undefined) throw noSuchPipeline(id);
    const components = await this.#database.read<ComponentRow[]>((knex) =>
      knex('pipeline_component').select('*').where({ pipeline_id: id }).orderBy('position'),
    );
    return toPipeline(row, components);
  }

  /** Returns the chain ids of the sources of all pipelines, by pipeline; of a source that names none nothing. */
  async chainIds(): Promise<ReadonlyMap<number, number>> {
    const rows = await readMembers<{ pipeline_id: number }>(this.#database, 'chainId', (knex, chain) =>
      knex('pipeline_component').where('position', 0).select('pipeline_id', chain),
    );
    return new Map(
      rows.flatMap(({ pipeline_id: id, member: chain }) => (chain === null ? [] : [[id, Number(chain)] as const])),
    );
  }

  /** Says whether a pipeline may not run; throws NotFoundError. */
  async isDisabled(id: number): Promise<boolean> {
    const [row] = await this.#database.read<Pick<PipelineRow, 'disabled'>[]>((knex) =>
      knex('pipeline').select('disabled').where({ id }),
    );
    if (row === undefined) throw noSuchPipeline(id);
    return isSet(row.disabled);
  }

  /**
   * Lets a pipeline run, or not: a started one is stopped then, and the shards of any; a run of one that is not started goes on, and
   * reads them by itself. Throws NotFoundError.
   */
  async setDisabled(id: number, disabled: boolean): Promise<void> {
    const { knex, dialect } = this.#database;
    const [step] = await this.#database.write([
      knex('pipeline')
        .where({ id })
        .update({ disabled: dialect.flag(disabled), update_time: dialect.now(knex) }),
      ...(disabled ? [...stopIfStarted(this.#database, id), endOpenShards(this.#database, id)] : []),
    ]);
    if (step?.matched === 0) throw noSuchPipeline(id);
  }

  /**
   * Deletes a pipeline with all that belongs to it: components, checkpoint, tasks, events. Throws NotFoundError, and
   * LeaseHeldError while a task of it lives; tasks that name no heartbeat interval are judged by the default.
   */
  async delete(id: number, defaultIntervalSeconds: number): Promise<void> {
    if (!(await this.#exists(id))) throw noSuchPipeline(id);
    await deletePipeline(this.#database, id, defaultIntervalSeconds);
  }

  /** Takes a name's key from a pipeline that has another name by now: an older program renames, and knows no keys. */
  async #freeKey(key: string): Promise<void> {
    const rows = await this.#database.read<CalledPipeline[]>((knex) =>
      knex('pipeline').select('id', 'name').where({ name_key: key }),
    );
    const renamed = rows.filter(({ name }) => nameKey(name ?? '') !== key);
    const { knex } = this.#database;
    // Not from one that was given this name since it was looked for.
    const free = renamed.map((row) =>
      knex('pipeline')
        .where({ ...row, name_key: key })
        .update({ name_key: null }),
    );
    if (free.length > 0) await this.#database.write(free);
  }

  async #explain(error: unknown, { classificationId }: PipelineDefinition): Promise<void> {
    if (classificationId === null || this.#database.dialect.classify(error) !== 'foreign-key') return;
    await new ClassificationStore(this.#database).get(classificationId);
  }

  async #findName(id: number): Promise<{ readonly name: string } | null> {
    const [row] = await this.#database.read<{ name: string | null }[]>((knex) =>
      knex('pipeline').select('name').where({ id }),
    );
    return row === undefined ? null : { name: row.name ?? '' };
  }

  async #exists(id: number): Promise<boolean> {
    const rows = await this.#database.read<unknown[]>((knex) => knex('pipeline').select('id').where({ id }));
    return rows.length > 0;
  }

  async #insert(definition: PipelineDefinition, key: string | null): Promise<number> {
    const [first, ...others] = definition.components;
    if (first === undefined) throw new UsageError('a pipeline needs at least one component');
    const { knex, dialect } = this.#database;
    const [step] = await this.#database.write([
      this.#insertRow(definition, key, {}),
      // An id may be given again, and what older versions left of it is not wanted of this one.
      knex('pipeline_wanted').where('pipeline_id', dialect.lastInsertId(knex, 'pipeline')).delete(),
      knex('pipeline_component').insert(componentRow(first, 0, dialect.lastInsertId(knex, 'pipeline'))),
      ...others.map((component, i) => this.#insertNext(component, i + 1)),
    ]);
    return step?.insertId ?? 0;
  }

  async #insertAs(id: number, definition: PipelineDefinition, key: string | null): Promise<number> {
    try {
      await this.#database.write([
        this.#insertRow(definition, key, { id }),
        ...this.#database.dialect.countFrom(this.#database.knex, 'pipeline', id),
        // What was wanted of one that had this id before, and is deleted, is not wanted of this one.
        this.#database.knex('pipeline_wanted').where({ pipeline_id: id }).delete(),
        ...this.#insertComponents(id, definition),
      ]);
    } catch (error) {
      // Somebody else may have stored one under this id since it was looked for.
      if (await this.#exists(id)) throw taken(id);
      throw error;
    }
    return id;
  }

  async #replace(
    id: number,
    definition: PipelineDefinition,
    key: string | null,
    moved: readonly string[],
  ): Promise<number> {
    const { knex, dialect } = this.#database;
    const results = await writeIfHeld(this.#database, [
      this.#database.fenced(
        knex('pipeline')
          .where({ id })
          .update({ ...pipelineRow(definition), name_key: key, update_time: dialect.now(knex) }),
      ),
      knex('pipeline_component').where({ pipeline_id: id }).delete(),
      ...this.#insertComponents(id, definition),
      // A component of the same name and type stands where it stood.
      ...forgetOtherSinks(knex, id, definition.components),
      // What it was about to write elsewhere is not missed where it writes now.
      knex('sink_file').where({ pipeline_id: id }).whereIn('sink', moved).delete(),
      ...letGo(this.#database, id),
    ]);
    if (results === null) throw noSuchPipeline(id);
    return id;
  }

  /** Columns without a value are left out, for an older program's table may not take NULL but have a default. */
  #insertRow(definition: PipelineDefinition, key: string | null, id: { id?: number }): Query {
    const { knex, dialect } = this.#database;
    const values = Object.entries({ ...pipelineRow(definition), name_key: key }).filter(([, value]) => value !== null);
    const now = dialect.now(knex);
    return knex('pipeline').insert({
      ...id,
      ...Object.fromEntries(values),
      create_time: now,
      update_time: now,
      disabled: dialect.flag(false),
    });
  }

  #insertComponents(id: number, { components }: PipelineDefinition): readonly Query[] {
    const { knex } = this.#database;
    return components.map((component, i) => knex('pipeline_component').insert(componentRow(component, i, id)));
  }

  /** Inserts a component beside the one that was inserted last, whose pipeline's id is not known yet. */
  #insertNext(component: Component, position: number): Query {
    const { knex, dialect } = this.#database;
    const { pipeline_id: sameAsBefore, ...columns } = componentRow(component, position, knex.ref('pipeline_id'));
    const names = ['pipeline_id', ...Object.keys(columns)];
    const values = Object.values(columns).map((value) => knex.raw('?', [value]));
    const before = knex('pipeline_component')
      .select([sameAsBefore, ...values])
      .where('id', dialect.lastInsertId(knex, 'pipeline_component'));
    return knex(knex.raw(`?? (${names.map(() => '??').join(', ')})`, ['pipeline_component', ...names])).insert(before);
  }
}

function typesByPipeline(components: readonly Pick<ComponentRow, 'pipeline_id' | 'type'>[]): Map<number, string[]> {
  const types = new Map<number, string[]>();
  for (const { pipeline_id: id, type } of components) types.set(id, [...(types.get(id) ?? []), type]);
  return types;
}

function pipelineRow(definition: PipelineDefinition): Record<string, string | number | null> {
  return {
    name: definition.name,
    classification_id: definition.classificationId,
    description: definition.description,
    timeout_minutes: definition.timeoutMinutes,
    restart: definition.restart,
    schedule: definition.schedule,
    time_zone: definition.timeZone,
    origin: definition.origin ?? 'cli',
  };
}

function componentRow<T>({ name, type, config }: Component, position: number, pipelineId: T) {
  return { pipeline_id: pipelineId, position, name, type, config: JSON.stringify(config) };
}

function tooLarge(id: number): UsageError {
  return new UsageError(`id ${id} is too large for a new pipeline: ${mostGivenId} at most`);
}

function noSuchPipeline(id: number): NotFoundError {
  return new NotFoundError(`there is no pipeline ${id}`, { hint: 'chainparse pipeline list' });
}

function taken(id: number): TakenError {
  return new TakenError(`pipeline ${id} exists already`, {
    hint: '--update replaces its definition and keeps what it has collected; --id gives another id',
  });
}
