package kit

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

func TestAnswers(t *testing.T) {
	own := Answers{
		Platform: "Chat",
		Taken: []Form{
			{Status: 200, Text: regexp.MustCompile(`^ok$`)},
			{JSON: map[string]*regexp.Regexp{"a.b": regexp.MustCompile(`^"x"$`), "c": nil}},
			{Header: "X-Run"},
			{Status: 409, Text: regexp.MustCompile(`^again$`)},
		},
		Refused: []Form{{Type: "application/problem+json"}, {Text: regexp.MustCompile(`^no_`)}},
	}
	const taken, refused, stranger = "taken", "refused", "a stranger's"
	for _, c := range []struct {
		status int
		body   string
		header http.Header
		want   string
		kind   bridge.Kind
	}{
		{200, "ok\n", nil, taken, 0},
		{201, "ok", nil, stranger, bridge.Temporary},
		{200, "", nil, stranger, bridge.Temporary},
		{201, `{"a":{"b":"x"},"c":false}`, nil, taken, 0},
		{201, `{"a":{"b":"x"},"c":null}`, nil, stranger, bridge.Temporary},
		{201, `{"a":{"b":"xy"},"c":1}`, nil, stranger, bridge.Temporary},
		{201, `{"a":"b","c":1}`, nil, stranger, bridge.Temporary},
		{201, `["a"]`, nil, stranger, bridge.Temporary},
		{201, `{"a":{"b":"x"},"c":1`, nil, stranger, bridge.Temporary},
		{204, "", http.Header{"X-Run": {"1"}}, taken, 0},
		{404, "", http.Header{"X-Run": {"1"}}, stranger, bridge.Temporary},
		{200, "<html>", http.Header{"X-Run": {"1"}}, stranger, bridge.Temporary},
		{409, "again", nil, taken, 0},
		{409, "no_place", nil, refused, bridge.DestinationBroken},
		{400, "no_text", nil, refused, bridge.MessageRejected},
		{200, "no_text", nil, refused, bridge.Temporary},
		{307, "no_text", nil, stranger, bridge.Temporary},
		{301, "no_text", nil, stranger, bridge.DestinationBroken},
		{422, "{}", http.Header{"Content-Type": {"application/problem+json; charset=utf-8"}}, refused, bridge.MessageRejected},
		{422, "{}", nil, stranger, bridge.Temporary},
		{429, "<title>Slow</title>", http.Header{"Retry-After": {"3"}}, stranger, bridge.Limited},
		{503, "", http.Header{"Retry-After": {"3"}}, stranger, bridge.Limited},
		{403, strings.Repeat("x", 2*MaxDetail), nil, stranger, bridge.Temporary},
	} {
		if c.header == nil {
			c.header = http.Header{}
		}
		failure := own.Failure(Answer{Status: c.status, Header: c.header, Body: []byte(c.body)})
		got := taken
		if failure != nil && failure.Intermediary {
			got = stranger
		} else if failure != nil {
			got = refused
		}
		if got != c.want || failure != nil && (failure.Kind != c.kind || failure.Detail == "" || len(failure.Detail) > MaxDetail) {
			t.Errorf("%d %.40q: %s, %v; want %s, %v", c.status, c.body, got, failure, c.want, c.kind)
		}
	}
}
