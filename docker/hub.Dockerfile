# syntax=docker/dockerfile:1
# The hub. Build at the top of the checkout:
#   docker build -f docker/hub.Dockerfile -t yifen-hub:0.1.0 .
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
ENV PATH=/opt/yifen/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 YIFEN_HUB=/data/hub
USER 10001:10001
VOLUME /data
EXPOSE 8440
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:8440/readyz', timeout=2)"]
ENTRYPOINT ["hub"]
CMD ["serve", "--listen", "0.0.0.0:8440"]
