package redact

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

func facts(t *testing.T, text string) bridge.Facts {
	t.Helper()
	var f bridge.Facts
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFacts(t *testing.T) {
	const all = `{"event":{"id":"1","body":{"a":1,"b":[{"c":1,"d":2}]}},"user":{"emailAddress":"m@x","customFields":{"string1":"s"},"id":"u"},"admin":{"id":"a"}}`
	for _, c := range []struct {
		rules []string
		want  string
	}{
		{nil, all},
		{[]string{"user.emailAddress", "user.customFields.*"}, `{"event":{"id":"1","body":{"a":1,"b":[{"c":1,"d":2}]}},"user":{"customFields":{},"id":"u"},"admin":{"id":"a"}}`},
		{[]string{"user", "event.body.b.c"}, `{"event":{"id":"1","body":{"a":1,"b":[{"d":2}]}},"admin":{"id":"a"}}`},
		{[]string{"event.body.*", "*.id"}, `{"event":{"body":{}},"user":{"emailAddress":"m@x","customFields":{"string1":"s"}},"admin":{}}`},
		{[]string{"course.name", "user.id.x"}, all},
	} {
		f := facts(t, all)
		if got := New(c.rules).Facts(f); !reflect.DeepEqual(got, facts(t, c.want)) {
			t.Errorf("%v: %v", c.rules, got)
		}
		if !reflect.DeepEqual(f, facts(t, all)) {
			t.Errorf("%v changed what others read", c.rules)
		}
	}
}

func TestBody(t *testing.T) {
	for _, c := range []struct{ rule, raw, want string }{
		{"user.emailAddress", `{"a": 1.50}`, `{"a": 1.50}`},
		{"event.body.*", `{"a":1}`, `{}`},
		{"event.body.user.name", "\xef\xbb\xbf" + `{"n":1.50,"user":{"name":"m","id":"u"}}`, `{"n":1.50,"user":{"id":"u"}}`},
		{"event.body.name", `[{"name":"m","x":1}]`, `[{"x":1}]`},
		{"event.body.name", `no JSON`, `{}`},
	} {
		if got := New([]string{c.rule}).Body([]byte(c.raw)); string(got) != c.want {
			t.Errorf("%s of %s: %s", c.rule, c.raw, got)
		}
	}
}

func TestNames(t *testing.T) {
	for rule, want := range map[string]bool{
		"user": true, "user.*": true, "admin.lastName": true, "enrollment.fullName": true, "user.emailAddress": false, "event.body.name": false,
	} {
		if got := New([]string{rule}).Names(); got != want {
			t.Errorf("%s: %v", rule, got)
		}
	}
}
