# One image for worker and dashboard; the command decides. Runs as a plain user.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.txt pyproject.toml README.md LICENSE ./
RUN python -m venv /opt/mlledger \
 && /opt/mlledger/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY ledger ledger
COPY projections projections
COPY dashboard dashboard
RUN /opt/mlledger/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
LABEL org.opencontainers.image.title="mlledger" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --create-home --home-dir /var/lib/mlledger mlledger
COPY --from=build /opt/mlledger /opt/mlledger
ENV PATH=/opt/mlledger/bin:$PATH MLLEDGER_HOME=/var/lib/mlledger/home PYTHONUNBUFFERED=1
USER 10001
VOLUME /var/lib/mlledger
EXPOSE 8600
HEALTHCHECK --interval=30s --timeout=10s CMD ["mlledger", "doctor", "--quick"]
ENTRYPOINT ["mlledger"]
CMD ["worker"]
