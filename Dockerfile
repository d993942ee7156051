# Trains and serves: code in /app, which may be read-only; everything that a run makes in the volume /data.
#   docker build -t clockwork --build-arg COMMIT=$(git rev-parse HEAD) .
#   docker run --read-only --tmpfs /tmp -v clockwork:/data clockwork make train
#   docker run --read-only --tmpfs /tmp -v clockwork:/data -p 127.0.0.1:5000:5000 clockwork make serve
ARG BASE=docker.io/library/node:24.9.0-bookworm-slim

FROM ${BASE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json

FROM ${BASE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends make=4.3-4.1 tini=0.19.0-1+b3 \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o node -g node /data
WORKDIR /app
COPY package.json package-lock.json Makefile tsconfig.json config.yaml ./
COPY --from=packages /app/node_modules node_modules
COPY make make
COPY scripts scripts
COPY lib lib
COPY chapters chapters
COPY --chmod=755 container-entry.sh /usr/local/bin/container-entry
# Time decides for make: what was built is newer than what it was built from.
RUN touch node_modules/.package-lock.json && make .make/programs/built && rm -rf .make/config
ARG COMMIT=none
ENV NODE_ENV=production CONFIG=/data/config.yaml CLOCKWORK_COMMIT=${COMMIT} TSX_DISABLE_CACHE=1
USER node
VOLUME /data
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD node -e "const { url } = JSON.parse(require('fs').readFileSync('/data/.make/config/server.json')); fetch(url + '/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"
ENTRYPOINT ["tini", "-e", "143", "--", "container-entry"]
CMD ["make", "serve"]
