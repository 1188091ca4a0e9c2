import type { Clock } from '../../runtime/clock.js';
import { clientSettings, topicSettings } from './client-settings.js';
import { recordsOf } from './kafka-record.js';
import { KafkaSink } from './kafka-sink.js';
import { loadRdKafka } from './rdkafka.js';
import type { KafkaConfig } from './schema.js';

/** Makes the sink; it connects when it has something to deliver. Throws UsageError where node-rdkafka is not installed. */
export async function openKafkaSink(config: KafkaConfig, clock: Clock): Promise<KafkaSink> {
  const library = await loadRdKafka();
  const parts = { library, settings: clientSettings(config), topicSettings: topicSettings(config), clock };
  return new KafkaSink(parts, recordsOf(config));
}
