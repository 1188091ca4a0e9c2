// A Kafka of three brokers that keeps what it gets in memory: librdkafka's own mock cluster. It writes where it listens, and
// does what its input says, a line at a time: each is answered once it is done.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>

static void obey(rd_kafka_mock_cluster_t *cluster, const char *line) {
  char topic[250];
  int number, code;
  if (sscanf(line, "down %d", &number) == 1) rd_kafka_mock_broker_set_down(cluster, number);
  if (sscanf(line, "up %d", &number) == 1) rd_kafka_mock_broker_set_up(cluster, number);
  if (sscanf(line, "slow %d %d", &number, &code) == 2) rd_kafka_mock_broker_set_rtt(cluster, number, code);
  if (sscanf(line, "topic %249s %d", topic, &number) == 2) rd_kafka_mock_topic_create(cluster, topic, number, 1);
  // The next request of a kind (0: produce) is answered with an error, and nothing of it is kept.
  if (sscanf(line, "error %d %d", &number, &code) == 2) rd_kafka_mock_push_request_errors(cluster, number, 1, code);
}

int main(void) {
  char line[300], problem[300];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, problem, sizeof problem);
  if (client == NULL) return 1;
  rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(client, 3);
  printf("brokers %s\n", rd_kafka_mock_cluster_bootstraps(cluster));
  fflush(stdout);
  for (int done = 1; fgets(line, sizeof line, stdin) != NULL; done++) {
    obey(cluster, line);
    printf("done %d\n", done);
    fflush(stdout);
  }
  return 0;
}
