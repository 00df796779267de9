# The project's own serving image: SageMaker's container contract by `python -m inference.server`.
#
#   docker build -t flight-delay-server .
#   docker run -p 8080:8080 -v "$PWD/model:/opt/ml/model:ro" flight-delay-server serve
#
# The base is pinned by its full version. A digest would pin the bytes as well; whoever builds it in a pipeline should
# add the one their registry mirrors (FROM …@sha256:…) and let a bot raise it: this repository cannot test one.

FROM python:3.12.12-slim-bookworm AS packages
COPY requirements-serving.lock /tmp/
# Wheels only: nothing is compiled, so no compiler is ever here. Hashes are those of the project's one lock.
RUN python -m venv --without-pip /opt/server/venv \
    && python -m pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --no-deps --require-hashes \
       --target "$(/opt/server/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
       -r /tmp/requirements-serving.lock

FROM python:3.12.12-slim-bookworm
# What could install something later has no business in a server.
RUN python -m pip uninstall --yes pip \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin server \
    && install -d -o server -g server /opt/server/cache
COPY --from=packages /opt/server/venv /opt/server/venv
WORKDIR /opt/server/program
COPY usecase usecase
COPY inference inference
ENV PATH=/opt/server/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    NUMBA_CACHE_DIR=/opt/server/cache \
    SERVER_HOST=0.0.0.0
RUN python -m compileall -q /opt/server/program
USER 10001
# Machine code for the CPU that builds; on another kind of CPU the server compiles once at its start.
RUN python -m inference.engine
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=2s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('SAGEMAKER_BIND_TO_PORT', '8080') + '/ping', timeout=2)"]
ENTRYPOINT ["python", "-m", "inference.server"]
CMD ["serve"]
