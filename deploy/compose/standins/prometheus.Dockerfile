# Debian's Prometheus and promtool, with the user and the data folder of the official image.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends prometheus \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir /prometheus \
 && chown nobody:nogroup /prometheus
USER nobody
