package intake

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

// verify returns the source whose secret signed the body, and the form of the
// signature. If there is none, the error's reason for the log names each source's.
func verify(sources []Source, header http.Header, body []byte) (Source, absorb.Form, error) {
	signatures := header.Values(absorb.SignatureHeader)
	var reasons []string
	strangers := 0
	for _, source := range sources {
		form, err := source.verify(header, signatures, body)
		if err == nil {
			return source, form, nil
		}
		reasons = append(reasons, fmt.Sprintf("source %s: %v", source.Name, err))
		if errors.Is(err, errUserAgent) {
			strangers++
		}
	}
	no := &refusal{
		status: http.StatusUnauthorized,
		code:   "bad_signature",
		text:   "the " + absorb.SignatureHeader + " header does not match the body and this webhook's Secret Key",
		reason: strings.Join(reasons, "; "),
	}
	if len(signatures) == 0 {
		no.code = "no_signature"
		no.text = "the request has no " + absorb.SignatureHeader + " header; is a Secret Key set for the webhook?"
	}
	if strangers == len(sources) {
		no.code = "user_agent"
	}
	return Source{}, "", no
}

var errUserAgent = errors.New("the User-Agent does not match the source's user_agent")

func (s Source) verify(header http.Header, signatures []string, body []byte) (absorb.Form, error) {
	if s.UserAgent != "" && !matches(s.UserAgent, header.Get("User-Agent")) {
		return "", fmt.Errorf("%w: it is %.80q", errUserAgent, header.Get("User-Agent"))
	}
	if len(s.Keys) == 0 {
		return "", errors.New("the source has no secret yet; copy the Secret Key from the portal's webhook into its secrets")
	}
	match, err := absorb.Verify(signatures, body, s.Keys, s.Form)
	return match.Form, err
}

// matches reports whether a User-Agent matches a pattern. Unlike in package path, a
// star also matches slashes.
func matches(pattern, userAgent string) bool {
	flat := func(s string) string { return strings.ReplaceAll(s, "/", "|") }
	ok, _ := path.Match(flat(pattern), flat(userAgent)) // the pattern was checked when the configuration was loaded
	return ok
}
