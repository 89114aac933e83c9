# A run folder or a Hub id behind HTTP, on port 8000.
#
#   docker build -t textclf .                                   ONNX Runtime, no torch: for runs that export.py went over
#   docker build -t textclf --build-arg STACK=torch .           torch too: for any classifier, with attributions
#   docker run -p 8000:8000 -v ./runs/reviews:/model textclf
#   docker run -p 8000:8000 -e TEXTCLF_MODEL=NS/NAME -e HF_TOKEN textclf
#
# Every option of serve.py is a variable: TEXTCLF_MAX_TEXTS=64, TEXTCLF_API_TOKEN=..., TEXTCLF_ENGINE=onnx-int8.
FROM python:3.11.14-slim-bookworm

ARG STACK=onnx
# Of wheels of torch without CUDA, for a smaller image with STACK=torch.
ARG EXTRA_INDEX=

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HF_HOME=/cache \
    HF_HUB_DISABLE_TELEMETRY=1 \
    TEXTCLF_MODEL=/model \
    TEXTCLF_HOST=0.0.0.0 \
    TEXTCLF_PORT=8000

RUN useradd --uid 1000 --create-home serve && mkdir /cache && chown serve /cache
WORKDIR /app

COPY requirements.txt requirements-rest.txt ./
RUN if [ "$STACK" = torch ]; then names=requirements.txt; else names=requirements-rest.txt; fi \
    && pip install --no-cache-dir ${EXTRA_INDEX:+--extra-index-url "$EXTRA_INDEX"} --requirement "$names"

COPY predict.py serve.py ./
COPY space space
COPY textclf textclf

USER 1000
EXPOSE 8000
VOLUME ["/cache"]
STOPSIGNAL SIGTERM
# A model of some gigabytes takes a while to be read.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"TEXTCLF_PORT\"]}/ready', timeout=4)"]
CMD ["python", "-m", "textclf.serving"]
