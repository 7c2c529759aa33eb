# A static binary in an empty image, run by a user without rights.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH VERSION=""
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/absorb-bridge ./cmd/absorb-bridge \
 && mkdir -p /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/absorb-bridge /absorb-bridge
COPY --from=build --chown=65532:65532 /out/data /data
ENV BRIDGE_CONFIG=/etc/absorb-bridge/bridge.yaml BRIDGE_STORE=/data/bridge.db
USER 65532:65532
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/absorb-bridge"]
CMD ["serve"]
