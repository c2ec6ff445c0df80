# syntax=docker/dockerfile:1
# The binary `leadflow`, on an image without a shell: migrate, serve, work and the command line.
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/leadflow-dev/leadflow/domain/record.Version=${VERSION}" \
    -o /leadflow ./cmd/leadflow

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /leadflow /leadflow
USER nonroot
EXPOSE 8080 9464
ENTRYPOINT ["/leadflow"]
CMD ["serve"]
