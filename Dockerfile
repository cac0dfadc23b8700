# syntax=docker/dockerfile:1
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/bulkhead ./cmd/bulkhead
RUN mkdir -m 0700 /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/bulkhead /usr/bin/bulkhead
COPY --from=build --chown=65532:65532 /out/data /var/lib/bulkhead
USER 65532:65532
ENV BULKHEAD_DATA_DIR=/var/lib/bulkhead
VOLUME /var/lib/bulkhead
EXPOSE 2525 8025 9425
HEALTHCHECK --interval=30s --timeout=15s --start-period=10s CMD ["/usr/bin/bulkhead", "health"]
ENTRYPOINT ["/usr/bin/bulkhead"]
CMD ["serve", "--listen", ":2525", "--admin", ":8025", "--metrics", ":9425"]
