# Debian's Python under the name, and with the certificates and time zones, that the official slim image has.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates python3 python3-venv tzdata \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/* \
 && ln --symbolic /usr/bin/python3 /usr/local/bin/python
