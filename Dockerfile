# A static binary in an empty image, run by an unprivileged user. It writes only to
# /data; the rest may be read-only.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH VERSION=""
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.version=$VERSION" -o /out/absorb-bridge ./cmd/absorb-bridge \
 && go run ./deploy/notices ./cmd/absorb-bridge $TARGETOS/$TARGETARCH > /out/NOTICES.txt \
 && cp LICENSE /out && mkdir -p /out/data

FROM scratch
ARG VERSION=""
LABEL org.opencontainers.image.title="absorb-bridge" \
      org.opencontainers.image.description="Delivers events of Absorb LMS to team chat and mail" \
      org.opencontainers.image.source="https://github.com/absorb-bridge/absorb-bridge" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/absorb-bridge /absorb-bridge
COPY --from=build /out/LICENSE /out/NOTICES.txt /
# A new volume gets its owner from this folder.
COPY --from=build --chown=65532:65532 /out/data /data
# Mount the configuration's folder, not the file: many editors replace a file, and a
# mounted file would not show the new one. Set "store" in the configuration, to a path
# below /data or to a database. It is not set here, because a variable overrides the file.
ENV BRIDGE_CONFIG=/etc/absorb-bridge/bridge.yaml
USER 65532:65532
VOLUME /data
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["/absorb-bridge", "ready"]
ENTRYPOINT ["/absorb-bridge"]
CMD ["serve"]
