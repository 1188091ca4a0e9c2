import type { Component, Pipeline, Restart } from '../../model/pipeline.js';
import { toInstantOrNull } from '../instant.js';
import { DamagedDefinitionError, messageOf } from '../../runtime/errors.js';

/** A row of `pipeline`; an older program's may hold NULL in any column but the id. */
export interface PipelineRow {
  readonly id: number;
  readonly classification_id: number | null;
  readonly name: string | null;
  readonly description: string | null;
  readonly create_time: string | null;
  readonly update_time: string | null;
  /** Older tables may have a BIT. */
  readonly disabled: number | Buffer | null;
  readonly timeout_minutes: number | null;
  readonly restart: string | null;
  readonly schedule: string | null;
  readonly time_zone: string | null;
  /** NULL: `cli`, of a row that is older than the column. */
  readonly origin: string | null;
}

export interface ComponentRow {
  readonly id: number;
  readonly pipeline_id: number;
  readonly name: string;
  readonly type: string;
  /** JSON. */
  readonly config: string;
}

/** Puts a pipeline together from its row and those of its components, which come in order. */
export function toPipeline(row: PipelineRow, components: readonly ComponentRow[]): Pipeline {
  return {
    id: row.id,
    name: row.name ?? '',
    classificationId: row.classification_id,
    description: row.description,
    timeoutMinutes: row.timeout_minutes,
    restart: row.restart as Restart | null,
    schedule: row.schedule,
    timeZone: row.time_zone,
    origin: row.origin === 'api' ? 'api' : 'cli',
    components: components.map(toComponent),
    disabled: isSet(row.disabled),
    createTime: toInstantOrNull(row.create_time),
    updateTime: toInstantOrNull(row.update_time),
  };
}

/** Says whether a flag of a row, number or bit, is set. */
export function isSet(flag: number | Buffer | null): boolean {
  return Buffer.isBuffer(flag) ? flag.some((byte) => byte !== 0) : (flag ?? 0) !== 0;
}

function toComponent({ pipeline_id: id, name, type, config }: ComponentRow): Component {
  try {
    return { name, type, config: JSON.parse(config) as Readonly<Record<string, unknown>> };
  } catch (error) {
    const what = `the config of component '${name}' of pipeline ${id}, in the table pipeline_component, is damaged`;
    const hint = `import its file again: chainparse pipeline import FILE --id ${id} --update`;
    throw new DamagedDefinitionError(`${what}: ${messageOf(error)}`, { hint, cause: error });
  }
}
