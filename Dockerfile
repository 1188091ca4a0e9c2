# The image of chainparse: `docker build -t chainparse .`, then for instance
#   docker run --env-file chainparse.env chainparse worker
# It runs as a user without rights, keeps its files in /var/lib/chainparse, and holds no settings: those come by the
# environment. BUILD_IMAGE has Node with npm and a compiler, BASE_IMAGE has Node alone; both must be of one distribution.
ARG BUILD_IMAGE=docker.io/library/node:22-trixie
ARG BASE_IMAGE=docker.io/library/node:22-trixie-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Of the packages only SQLite's is compiled; what they would run beside that is not wanted.
RUN npm ci --ignore-scripts --no-progress \
 && npm rebuild better-sqlite3
COPY . .
RUN npm run build
# The peers of sinks come along, except Kafka's, which is compiled for minutes: see docs/operations.md.
RUN npm prune --omit=dev --omit=optional --ignore-scripts --no-progress \
 && npm install --no-save --omit=dev --omit=optional --ignore-scripts --no-progress $(node ops/container/list-peers.js) \
 && rm -rf node_modules/better-sqlite3/deps node_modules/better-sqlite3/src node_modules/better-sqlite3/build/Release/obj* \
           node_modules/better-sqlite3/build/Release/test_extension.node

FROM ${BASE_IMAGE}
# An init takes SIGTERM to the program and buries what the commands of alerts leave behind.
RUN command -v tini >/dev/null \
 || (apt-get update -qq && apt-get install -qq -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*)
RUN groupadd --system --gid 10001 chainparse \
 && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/chainparse --shell /usr/sbin/nologin chainparse \
 && install -d -o chainparse -g chainparse /var/lib/chainparse
COPY --from=build /app/package.json /app/LICENSE /opt/chainparse/
COPY --from=build /app/bin /opt/chainparse/bin
COPY --from=build /app/dist /opt/chainparse/dist
COPY --from=build /app/node_modules /opt/chainparse/node_modules
COPY --from=build /app/ops/container/healthcheck.js /opt/chainparse/healthcheck.js
RUN ln -s /opt/chainparse/bin/chainparse.js /usr/local/bin/chainparse
# glibc keeps a heap for each thread, and gives little of them back: two are a fifth less memory for a worker with many pipelines.
ENV NODE_ENV=production CHAINPARSE_LOG_FORMAT=json MALLOC_ARENA_MAX=2
WORKDIR /var/lib/chainparse
USER 10001:10001
VOLUME /var/lib/chainparse
EXPOSE 8000 9464
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["node", "/opt/chainparse/healthcheck.js"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--", "chainparse"]
CMD ["help"]
