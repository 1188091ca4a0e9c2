// Prints the packages that sinks load, as npm takes them; without node-rdkafka, which needs a compiler and librdkafka.
import { readFileSync } from 'node:fs';

const { peerDependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const wanted = Object.entries(peerDependencies).filter(([name]) => name !== 'node-rdkafka');
process.stdout.write(wanted.map(([name, version]) => `${name}@${version}`).join(' '));
