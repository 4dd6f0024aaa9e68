# Debian's nginx; docker-compose.yml names the user by its number, so none has to be made.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends nginx \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/*
