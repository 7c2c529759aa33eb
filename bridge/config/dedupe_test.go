package config

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDedupe(t *testing.T) {
	with := func(dedupe string) string {
		return strings.Replace(small, "[ s ]", "[ sixteen-characters ], fields: { ticket: $.t }, dedupe: "+dedupe, 1)
	}
	d := parseText(t, with("{ by: [ type, user, course, enrollmentID, ticket ] }")).Sources[0].Dedupe
	if d == nil || d.Within != 5*time.Minute || !slices.Equal(d.By, []string{"type", "user", "courseId", "enrollmentId", "ticket"}) {
		t.Errorf("%+v", d)
	}
	if d := parseText(t, small).Sources[0].Dedupe; d != nil {
		t.Errorf("without: %+v", d)
	}
	for dedupe, want := range map[string]string{
		"{}":                                   "dedupe.by: want type and at least one id",
		"{ by: [ type ] }":                     "want type and at least one id",
		"{ by: [ type, client ] }":             "want type and at least one id",
		"{ by: [ user, course ] }":             "want type and at least one id",
		"{ by: [ type, usr ] }":                `no value named "usr"; did you mean "user"?`,
		"{ by: [ type, user, userId ] }":       `"userId" is listed twice`,
		"{ by: [ type, user ], within: 25h }":  "want at most 24h",
		"{ by: [ type, user ], within: soon }": "want a duration",
		"{ by: [ type, user ], window: 5m }":   "unknown key",
		"true":                                 "want a mapping",
	} {
		if _, err := Parse("bridge.yaml", []byte(with(dedupe)), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", dedupe, err, want)
		}
	}
}
