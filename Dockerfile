# The product's image: console, api, workers, beat and broker are the same one, told apart by their command.
#
#   docker build -t pupitre .          any base will do that has Python 3.12 or newer: --build-arg BASE=…
#
# Wheels in wheelhouse/ are used instead of a package index when there are any.
ARG BASE=python:3.13-slim

FROM ${BASE} AS libraries
SHELL ["/bin/sh", "-eu", "-c"]
COPY requirements/base.lock wheelhouse* /wheelhouse/
RUN offline=; if ls /wheelhouse/*.whl >/dev/null 2>&1; then offline=--no-index; fi; \
    python3 -m venv /opt/venv; \
    /opt/venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps $offline \
      --find-links /wheelhouse -r /wheelhouse/base.lock

# Of what .dockerignore lets in, the product's own.
FROM ${BASE} AS sources
COPY . /opt/pupitre
RUN rm -rf /opt/pupitre/wheelhouse /opt/pupitre/sdk /opt/pupitre/requirements

FROM ${BASE}
SHELL ["/bin/sh", "-eu", "-c"]
COPY --from=libraries /opt/venv /opt/venv
COPY --from=sources /opt/pupitre /opt/pupitre
# The data folder is a volume that all share. It is root's, with the sticky bit: each may make files in it, but nobody
# may put something else in the place of the broker's folder of slots.
RUN echo 'pupitre:x:10001:10001::/srv/pupitre:/sbin/nologin' >> /etc/passwd; \
    echo 'pupitre:x:10001:' >> /etc/group; \
    mkdir -p /srv/pupitre/code /srv/pupitre/broker /srv/pupitre/slots /run/redis /run/postgresql; \
    chmod 1777 /srv/pupitre; \
    chown 10001:10001 /srv/pupitre/code /srv/pupitre/broker /run/redis; \
    chmod 700 /srv/pupitre/broker; \
    /opt/venv/bin/python -m compileall -q /opt/pupitre
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    PUPITRE_DATA_DIR=/srv/pupitre
WORKDIR /opt/pupitre
USER 10001:10001
ENTRYPOINT ["python", "manage.py"]
CMD ["doctor"]
