# The server alone: what `recs serve` needs, and nothing to train with.
#   docker build -t recs .
#   docker run -p 8501:8501 -v "$PWD/exports/movies:/models:ro" -e RECS_API_KEY recs
FROM python:3.11-slim
WORKDIR /opt/recs
COPY requirements/serve.txt ./
RUN pip install --no-cache-dir --no-deps --require-hashes --requirement serve.txt
COPY pyproject.toml README.md LICENSE ./
COPY tfrs_lab tfrs_lab
COPY data data
COPY evaluation evaluation
COPY models models
COPY serving serving
COPY experiments experiments
RUN pip install --no-cache-dir --no-deps --no-build-isolation .
RUN useradd --system recs
USER recs
EXPOSE 8501
ENTRYPOINT ["recs", "serve", "--host", "0.0.0.0"]
CMD ["/models"]
