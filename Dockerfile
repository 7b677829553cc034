# A container that generates, builds and packs libraries: hilo, a C compiler, CMake and Python.
#
#     docker build -t hilo .
#     docker run --rm -v "$PWD:/work" hilo generate --checkpoint litv2_s.pth --output litv2_s
#
# The second stage has no Swift: it unpacks what `make dist` writes in the first. Tests/Dist runs its steps.

FROM swift:6.2-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends git gcc libc6-dev libpng-dev libjpeg62-turbo-dev \
       dpkg-dev python3 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN scripts/dist --output /dist

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends clang cmake libstdc++6 make python3 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /dist/hilo-*.tar.gz /tmp/
RUN tar -xzf /tmp/hilo-*.tar.gz -C /usr/local --strip-components=1 \
    && rm /tmp/hilo-*.tar.gz \
    && hilo --version
WORKDIR /work
ENTRYPOINT ["hilo"]
CMD ["--help"]
