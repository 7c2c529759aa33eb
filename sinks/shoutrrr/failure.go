package shoutrrr

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// A status as the services' errors tell it: "unexpected HTTP status: 401
// Unauthorized", `response status "404 Not Found"`, "server responded with Request
// Entity Too Large (413)".
var status = regexp.MustCompile(`(?i)(?:\bstatus|\bresponded)\D{0,60}\b([45]\d\d)\b`)

// broken are words that leave no doubt about the destination.
var broken = regexp.MustCompile(`(?i)\b(?:unauthori[sz]ed|forbidden|chat not found|bot was (?:kicked|blocked)|invalid (?:api )?(?:key|token)|M_UNKNOWN_TOKEN|M_FORBIDDEN)\b`)

// failure puts the library's error into a kind. What it does not clearly tell may
// work later.
func (s *Sink) failure(err error) *bridge.SendError {
	u, _ := url.Parse(s.url.Reveal()) // New has parsed it
	e := &bridge.SendError{Detail: kit.Cut(bridge.CleanText(redact(err.Error(), u)), kit.MaxDetail)}
	if found := status.FindStringSubmatch(err.Error()); found != nil {
		e.Status, _ = strconv.Atoi(found[1])
	}
	switch e.Status {
	case http.StatusTooManyRequests:
		e.Kind = bridge.Limited
	case http.StatusRequestEntityTooLarge:
		e.Kind = bridge.MessageRejected
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		e.Kind = bridge.DestinationBroken
	}
	if broken.MatchString(err.Error()) {
		e.Kind = bridge.DestinationBroken
	}
	return e
}

// minPiece is how long a piece of the URL must be to be taken for a secret.
const minPiece = 6

// redact takes the URL and its pieces out of a text. Services keep their secrets
// in any part of it, and build other URLs of them; what stays are hosts, unless the
// service keeps a secret there, and words that the library wants in a URL.
func redact(text string, u *url.URL) string {
	password, _ := u.User.Password()
	parts := []string{u.User.Username(), password, u.User.String(), u.Fragment}
	if host := u.Hostname(); slices.Contains([]string{"pushbullet", "ifttt", "pushover"}, u.Scheme) || !strings.Contains(host, ".") && host != "localhost" {
		parts = append(parts, host)
	}
	parts = append(parts, strings.Split(u.Path, "/")...)
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	for _, part := range slices.Clone(parts) {
		parts = append(parts, strings.FieldsFunc(part, func(r rune) bool { return strings.ContainsRune("-:,/@. ", r) })...)
	}
	secrets := []bridge.Secret{bridge.Secret(u.String())}
	for _, part := range parts {
		if len(part) >= minPiece && !slices.Contains([]string{"shoutrrr", "webhook", "telegram"}, part) {
			secrets = append(secrets, bridge.Secret(part), bridge.Secret(url.QueryEscape(part)), bridge.Secret(url.PathEscape(part)))
		}
	}
	return kit.Redact(text, secrets...)
}
