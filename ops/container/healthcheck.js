// Ends with 0 where the command of this container answers: `serve` at /healthz, a worker or a monitor at its metrics, whose
// port CHAINPARSE_METRICS_PORT names. CHAINPARSE_HEALTH_URL asks something else, such as http://127.0.0.1:8000/readyz.
import { get } from 'node:http';

const { CHAINPARSE_HEALTH_URL, CHAINPARSE_METRICS_PORT, CHAINPARSE_API_PORT = '8000' } = process.env;
const metricsUrl = CHAINPARSE_METRICS_PORT && `http://127.0.0.1:${CHAINPARSE_METRICS_PORT}/metrics`;
const url = CHAINPARSE_HEALTH_URL || metricsUrl || `http://127.0.0.1:${CHAINPARSE_API_PORT}/healthz`;

const fail = (reason) => {
  process.stderr.write(`${url}: ${reason}\n`);
  process.exit(1);
};
const request = get(url, { timeout: 4_000 }, ({ statusCode }) => {
  if (statusCode === 200) process.exit(0);
  fail(`answered ${statusCode}`);
});
request.on('timeout', () => fail('did not answer within 4 s'));
request.on('error', ({ message }) => fail(message));
