# syntax=docker/dockerfile:1
# The server, with nothing in the final image that builds or fetches.

FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
RUN python -m venv --without-pip /opt/instasell
# The lock changes less often than the code, so its layer is kept.
COPY requirements.lock ./
RUN python -m pip --python /opt/instasell/bin/python install \
    --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY docs/instasell.1 ./docs/
COPY instasell_client ./instasell_client
COPY instasell_server ./instasell_server
COPY instasell_cli ./instasell_cli
COPY instasell_tui ./instasell_tui
RUN python -m pip --python /opt/instasell/bin/python install \
    --no-deps --no-build-isolation --no-index . \
    && python -m pip --python /opt/instasell/bin/python uninstall --yes setuptools \
    && /opt/instasell/bin/python -m compileall -q /opt/instasell/lib

FROM python:3.13-slim-trixie
RUN python -m pip uninstall --yes pip \
    && groupadd --system --gid 10001 instasell \
    && useradd --system --uid 10001 --gid instasell --no-create-home \
        --home-dir /nonexistent --shell /usr/sbin/nologin instasell
COPY --from=build /opt/instasell /opt/instasell
ENV PATH=/opt/instasell/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    INSTASELL_HOST=0.0.0.0 \
    INSTASELL_PORT=8780
WORKDIR /
USER 10001:10001
EXPOSE 8780
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['INSTASELL_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["instasell-server"]
CMD ["run"]
