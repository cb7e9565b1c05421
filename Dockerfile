# syntax=docker/dockerfile:1
# Targets: `runtime` (the default; sync, check and vocabulary) and `demo` (with the sample's FTP and S3 servers).
#
#   docker build -t argo-gdac .                                   the default
#   docker build --build-arg BASE=python:3.11-slim-bookworm@sha256:... --sbom=true --provenance=true -t argo-gdac .
#
# BASE takes a digest: pin it where you build, and renew it when the base is mended.
# checkov:skip=CKV_DOCKER_7:the tag is that of BASE, which checkov does not look up
ARG BASE=python:3.11-slim-bookworm

# Everything is installed here: wheels only, by the hashes of the locks. Nothing of this stage but two directories stays.
FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
COPY requirements/ requirements/
RUN python3 -m venv --without-pip /opt/argo-gdac \
    && python3 -m venv /tools \
    && /tools/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements/build.txt -r requirements/sbom.txt
RUN /tools/bin/python -m pip --python /opt/argo-gdac/bin/python install --quiet --require-hashes --only-binary :all: \
    -r requirements/container.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY gdac/ gdac/
COPY policies/ policies/
COPY vocab/ vocab/
COPY sync/ sync/
# sqlite-utils asks for pip, and uses it only to install plug-ins of its own command.
RUN /tools/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
    && /tools/bin/python -m pip --python /opt/argo-gdac/bin/python install --quiet --no-deps dist/*.whl \
    && /tools/bin/python -m pip --python /opt/argo-gdac/bin/python uninstall --quiet --yes pip \
    && /opt/argo-gdac/bin/python -m compileall -q /opt/argo-gdac/lib \
    && mkdir -p /opt/argo-gdac/share/sbom \
    && /tools/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
       --output-file /opt/argo-gdac/share/sbom/argo-gdac.cdx.json /opt/argo-gdac/bin/python

# pyftpdlib has no wheel; it is pure Python.
FROM build AS build-demo
RUN /tools/bin/python -m pip --python /opt/argo-gdac/bin/python install --quiet --require-hashes --only-binary :all: \
    --no-binary pyftpdlib -r requirements/demo.txt

# What both images share: no pip, no compiler, no root, nothing that is written but the volumes and /tmp.
FROM ${BASE} AS bare
RUN python3 -m pip uninstall --quiet --yes --break-system-packages pip setuptools wheel || true \
    && groupadd --gid 10001 gdac \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin gdac \
    && install -d -o 10001 -g 10001 /srv/argo /var/lib/argo-gdac /etc/argo-gdac
ENV PATH=/opt/argo-gdac/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp \
    GDAC_CONFIG=/etc/argo-gdac/gdac.toml GDAC_LISTEN=:8080
COPY deploy/container/healthy.py /usr/local/lib/argo-gdac/healthy.py
WORKDIR /srv/argo
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=5m --retries=4 \
    CMD ["python", "/usr/local/lib/argo-gdac/healthy.py"]
ENTRYPOINT ["gdac"]
CMD ["sync", "daemon"]

FROM bare AS demo
COPY --from=build-demo /opt/argo-gdac /opt/argo-gdac

FROM bare AS runtime
LABEL org.opencontainers.image.title="argo-gdac" \
      org.opencontainers.image.description="Run an Argo Global Data Assembly Centre: sealed manifests, equal mirrors, checked submissions" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/argo-gdac /opt/argo-gdac
