# mongod from its wheel (the build context holds the binary), with the user and the paths of the official image.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE}
RUN groupadd --system --gid 999 mongodb \
 && useradd --system --uid 999 --gid mongodb --home-dir /data/db mongodb \
 && mkdir --parents /data/db /data/configdb \
 && chown mongodb:mongodb /data/db /data/configdb \
 && apt-get update \
 && apt-get install --yes --no-install-recommends libcurl4t64 \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/*
COPY --chmod=0755 mongod /usr/local/bin/mongod
ENV HOME=/data/db
