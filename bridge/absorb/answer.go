package absorb

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// maxMessage limits Absorb's message in an error, in bytes.
const maxMessage = 300

// maxRetryAfter limits a Retry-After.
const maxRetryAfter = 10 * time.Minute

// apiError reads an error answer. Absorb's errors are {"validations", "code",
// "message", "term"}, where validations may be a list or an object; proxies in front of
// it answer in HTML, or with an empty body.
func apiError(resp *http.Response, body []byte) *APIError {
	e := &APIError{Status: resp.StatusCode, Message: errorWords(body)}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode >= 500:
		e.Temporary = true
		e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"))
	case 300 <= resp.StatusCode && resp.StatusCode < 400:
		e.Message = "it redirects, and the bridge does not follow redirects; check the region or the url"
	}
	if e.Message == "" {
		e.Message = strings.ToLower(http.StatusText(resp.StatusCode))
	}
	return e
}

func errorWords(body []byte) string {
	var answer struct {
		Message     string `json:"message"`
		Error       string `json:"error"`             // of OAuth
		Description string `json:"error_description"` // of OAuth
	}
	if json.Unmarshal(body, &answer) != nil {
		if len(body) == 0 {
			return ""
		}
		return "not JSON: " + excerpt(body)
	}
	words := bridge.CleanLine(strings.Join(slices.DeleteFunc([]string{answer.Message, answer.Error, answer.Description}, func(s string) bool { return s == "" }), ": "))
	return strings.ToValidUTF8(words[:min(len(words), maxMessage)], "")
}

func retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseFloat(header, 64); err == nil && seconds > 0 {
		return time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second))
	}
	if t, err := http.ParseTime(header); err == nil {
		return min(max(time.Until(t), 0), maxRetryAfter)
	}
	return 0
}
