# syntax=docker/dockerfile:1
# VoiceAssist in a container: one process, one port, no state. Database, cache and secrets come from outside
# (compose.yaml, docs/deployment.md).
ARG PYTHON=3.11

FROM python:${PYTHON}-slim-bookworm AS packages
WORKDIR /build
COPY pyproject.toml requirements.lock ./
# The packages alone, so that a change of our own lines does not fetch them again.
RUN python -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
print(*p["dependencies"], *p["optional-dependencies"]["speech"], sep="\n")' > wanted.txt \
 && python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: \
    --constraint requirements.lock --requirement wanted.txt

FROM python:${PYTHON}-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin voiceassist
WORKDIR /opt/voiceassist
COPY --from=packages /opt/venv /opt/venv
COPY . .
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    VAR_DIR=/var/lib/voiceassist
# With a key for this step alone none is made and kept, which would be the same one in every copy of the image.
RUN python -m compileall -q voiceassist realtime conversations manage.py \
 && SECRET_KEY=for-this-step-alone python manage.py collectstatic --no-input --verbosity 0 \
 && rm -f /var/lib/voiceassist/voiceassist.sqlite3*
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Whether the process answers; whether it should get visitors is /health/ready, which a database that is away says no to.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=4)"]
CMD ["python", "manage.py", "serve"]
