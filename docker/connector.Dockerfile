# syntax=docker/dockerfile:1
# A department's connector. Build at the top of the checkout:
#   docker build -f docker/connector.Dockerfile -t yifen-connector:0.1.0 .
# A closed network's package index comes as a build secret, never as an argument or a line here:
#   docker build --secret id=pip,src=pip.conf …

FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_CONFIG_FILE=/run/secrets/pip
WORKDIR /src
RUN python -m venv /opt/yifen
COPY requirements.lock ./
RUN --mount=type=secret,id=pip /opt/yifen/bin/pip install --require-hashes -r requirements.lock
COPY LICENSE README.md pyproject.toml ./
COPY certs ./certs
COPY catalog ./catalog
COPY hub ./hub
COPY connectors ./connectors
RUN /opt/yifen/bin/pip install --no-index --no-deps --no-build-isolation .

FROM python:3.11.14-slim-bookworm
RUN groupadd --gid 10001 yifen \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin yifen \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/yifen /opt/yifen
COPY docker/fetch-receipts.sh /usr/local/bin/fetch-receipts
ENV PATH=/opt/yifen/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 YIFEN_CONNECTOR_HOME=/data/connector
USER 10001:10001
VOLUME /data
STOPSIGNAL SIGTERM
# Reads certificate and store; asks nobody.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
    CMD ["connector", "--json", "status"]
ENTRYPOINT ["connector"]
CMD ["status"]
