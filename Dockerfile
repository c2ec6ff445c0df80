# syntax=docker/dockerfile:1
# The binary `leadflow` and nothing else: migrate, serve, work, the health check (doctor --process) and the command line.
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/leadflow-dev/leadflow/domain/record.Version=${VERSION}" \
    -o /image/leadflow ./cmd/leadflow
# Beside it: whom TLS trusts, and a directory that large uploads pass through.
RUN install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt && install -d -m 1777 /image/tmp

FROM scratch
COPY --from=build /image/ /
USER 65532:65532
EXPOSE 8080 9464
ENTRYPOINT ["/leadflow"]
CMD ["serve"]
