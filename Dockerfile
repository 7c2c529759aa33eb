# A static binary in an empty image, run by a user without rights. It writes to
# /data and nowhere else: the rest may be read-only.
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
      org.opencontainers.image.description="Brings what happens in Absorb LMS to team chat and mail" \
      org.opencontainers.image.source="https://github.com/absorb-bridge/absorb-bridge" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/absorb-bridge /absorb-bridge
COPY --from=build /out/LICENSE /out/NOTICES.txt /
# A new volume takes its owner from here.
COPY --from=build --chown=65532:65532 /out/data /data
# The configuration's folder is mounted, not the file: an edited file is often a new
# one, which a mounted file would not show. Its "store" is a path under /data or a
# database; it is not set here, for a variable would override the file's.
ENV BRIDGE_CONFIG=/etc/absorb-bridge/bridge.yaml
USER 65532:65532
VOLUME /data
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["/absorb-bridge", "ready"]
ENTRYPOINT ["/absorb-bridge"]
CMD ["serve"]
