package kit

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"html"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// MaxDetail bounds the platform's words that are kept of an answer, in bytes.
const MaxDetail = 2 << 10

// maxAnswer bounds what is read of an answer, in bytes. Some platforms repeat the
// message in theirs, with six bytes for a character.
const maxAnswer = 256 << 10

// Answer is a platform's response to one request, read and closed.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // at most 256 KiB
}

// Detail is the body as text fit for a log: cleaned, at most MaxDetail bytes,
// with the secrets given taken out. Of a page in HTML, which proxies send, it is
// the title.
func (a Answer) Detail(secrets ...bridge.Secret) string {
	text := bridge.CleanText(string(a.Body))
	if found := pageTitle.FindStringSubmatch(text); found != nil {
		text = bridge.CleanLine(html.UnescapeString(found[1]))
	}
	return Detail(text, secrets...)
}

var pageTitle = regexp.MustCompile(`(?is)<html.*<title[^>]*>([^<]+)</title>`)

// Request is one POST, or what else its method says.
type Request struct {
	Method string        // POST unless set
	URL    bridge.Secret // webhook URLs are secrets
	Header http.Header   // besides Content-Type
	Body   []byte
	Type   string // Content-Type
}

// Post makes one attempt and gives back whatever was answered. When no answer came,
// or only a part of one, the error is a *bridge.SendError that does not show the URL,
// of kind Temporary unless the client's own transport gave another.
func Post(ctx context.Context, client *http.Client, r Request) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, cmp.Or(r.Method, http.MethodPost), r.URL.Reveal(), bytes.NewReader(r.Body))
	if err != nil {
		return Answer{}, &bridge.SendError{Kind: bridge.DestinationBroken, Detail: "the URL cannot be used for a request"}
	}
	for key, values := range r.Header {
		req.Header[key] = values
	}
	req.Header.Set("Content-Type", r.Type)
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "absorb-bridge")
	}
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, noAnswer(err, r.URL)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	answer := Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}
	if err != nil {
		return Answer{}, brokenOff(answer, noAnswer(err, r.URL).Detail)
	}
	return answer, nil
}

// brokenOff is the failure of an answer of which a part is missing. Its status alone
// does not tell what became of the message.
func brokenOff(a Answer, why string) *bridge.SendError {
	failure := Failure(a)
	if failure.Kind != bridge.Limited {
		failure.Kind = bridge.Temporary
	}
	failure.Detail = "the answer broke off: " + why
	return failure
}

// noAnswer describes a network failure without the URL, which *url.Error prints.
func noAnswer(err error, secrets ...bridge.Secret) *bridge.SendError {
	if se, ok := errors.AsType[*bridge.SendError](err); ok {
		return se
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if remedy := Untrusted(err); remedy != "" {
		return &bridge.SendError{Kind: bridge.DestinationBroken, Detail: Detail(err.Error()+"; "+remedy, secrets...)}
	}
	return &bridge.SendError{Kind: bridge.Temporary, Detail: Detail(err.Error(), secrets...)}
}

// Detail is a platform's words as they may be kept: cleaned, at most MaxDetail bytes,
// with the secrets given taken out.
func Detail(words string, secrets ...bridge.Secret) string {
	return bridge.Cut(Redact(bridge.CleanText(words), secrets...), MaxDetail)
}

// Redact takes every occurrence of the secrets out of a text. Of a secret that
// is a URL it also takes its path, its query and each of their longer pieces.
func Redact(text string, secrets ...bridge.Secret) string {
	var pieces []string
	for _, s := range secrets {
		pieces = append(pieces, secretPieces(s.Reveal())...)
	}
	// The longest first: a piece may be a part of another, the rest of which
	// would then stay.
	slices.SortStableFunc(pieces, func(a, b string) int { return len(b) - len(a) })
	for _, piece := range pieces {
		text = strings.ReplaceAll(text, piece, bridge.Redacted)
	}
	return text
}

// minSecretPiece is the shortest piece of a URL that is taken as secret by
// itself: "v1", "api" and "webhooks" are not.
const minSecretPiece = 9

func secretPieces(secret string) []string {
	if secret == "" {
		return nil
	}
	whole := []string{secret}
	u, err := url.Parse(secret)
	if err != nil || u.Host == "" {
		return whole
	}
	parts := append(strings.Split(u.Path, "/"), u.Path, u.RequestURI(), u.RawQuery)
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	if password, ok := u.User.Password(); ok {
		parts = append(parts, password)
	}
	for _, part := range parts {
		if len(part) >= minSecretPiece {
			whole = append(whole, part, url.QueryEscape(part), url.PathEscape(part))
		}
	}
	return whole
}

// Failure turns an answer that was no success into a SendError by its status
// alone: what a platform's own error codes say is for its sink to refine.
// It serves HTTP status codes as RFC 9110 and RFC 6585 define them.
func Failure(a Answer, secrets ...bridge.Secret) *bridge.SendError {
	e := &bridge.SendError{
		Kind:       kindOf(a),
		RetryAfter: RetryAfter(a.Header, time.Now()),
		Status:     a.Status,
		Detail:     a.Detail(secrets...),
	}
	if e.Detail == "" {
		e.Detail = http.StatusText(a.Status)
	}
	if 300 <= a.Status && a.Status < 400 {
		e.Detail = "redirects are not followed; use the address that it leads to. " + e.Detail
	}
	return e
}

func kindOf(a Answer) bridge.Kind {
	switch {
	case a.Status == http.StatusTooManyRequests,
		a.Status == http.StatusServiceUnavailable && a.Header.Get("Retry-After") != "":
		return bridge.Limited
	case a.Status == http.StatusRequestTimeout, a.Status == http.StatusTooEarly, a.Status >= 500:
		return bridge.Temporary
	case a.Status == http.StatusBadRequest, a.Status == http.StatusRequestEntityTooLarge,
		a.Status == http.StatusUnprocessableEntity:
		return bridge.MessageRejected
	case 300 <= a.Status && a.Status < 500:
		return bridge.DestinationBroken
	default:
		return bridge.Temporary
	}
}

// maxRetryAfter bounds how long a platform may silence a sink, against a header
// that is wrong by a unit.
const maxRetryAfter = time.Hour

// RetryAfter reads the Retry-After header: seconds, whole or with a fraction, or
// an HTTP date (RFC 9110 section 10.2.3). It is 0 when the header is missing or
// makes no sense, and at most an hour.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(v, 64); err == nil {
		return Seconds(seconds)
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(t.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// Seconds is a platform's number of seconds to wait, as a duration in whole
// milliseconds, never shorter than what it asks for and at most an hour.
func Seconds(s float64) time.Duration {
	if !(s > 0) { // also when it is no number
		return 0
	}
	return time.Duration(math.Ceil(min(s, maxRetryAfter.Seconds())*1000)) * time.Millisecond
}
