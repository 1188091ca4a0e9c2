import type { SinkWish } from '../../model/sink.js';
import type { Database, Query } from '../database.js';
import { insertQueued } from './queue-task.js';

/**
 * A step that makes a task which delivers what a pipeline's sinks were asked since others heard of it: a replay, dead letters to
 * try again, to deliver at all. None where a task waits, workers keep the pipeline running and it waits for no time of a
 * schedule, or it is disabled. Whoever asks writes that first, and makes a task only where none lives: in the transaction in
 * which a run ends, behind the pipeline's lock, it is seen whatever comes first.
 */
export function queueUnheard(database: Database, pipelineId: number, heard: readonly SinkWish[]): Query {
  const { knex, dialect } = database;
  const one = knex.raw('1');
  const letters = knex('sink_dead_letter')
    .where('sink_dead_letter.pipeline_id', pipelineId)
    .where('sink_dead_letter.sink', knex.ref('pipeline_sink.name'))
    .where('sink_dead_letter.due', '>', 0);
  const unheard = knex('pipeline_sink').where({ 'pipeline_sink.pipeline_id': pipelineId, 'pipeline_sink.paused': 0 });
  const known = heard.filter(({ paused }) => !paused).map(({ name, replay }) => ({ name, replay }));
  void unheard.where((asked) => {
    void asked.whereExists(letters.select(one)).orWhere((other) => {
      void other.where('pipeline_sink.pipeline_id', pipelineId);
      for (const wish of known) void other.whereNot((row) => void row.where(wish));
    });
  });
  const started = knex('pipeline_wanted')
    .where({ pipeline_id: pipelineId, state: 'started' })
    .whereNull('next_start_of');
  const isNeedless = knex({ own: 'pipeline' })
    .where('own.id', pipelineId)
    .where((none) => {
      void none
        .where('own.disabled', '<>', dialect.flag(false))
        .orWhereExists(started.select(one))
        .orWhereNotExists(unheard.select(one));
    });
  return insertQueued(database, pipelineId, { deliverOnly: true }, isNeedless);
}
