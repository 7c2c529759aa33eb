package absorb

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	body := `{"what":"Certificate Awarded","person":{"ref":"10000000-0000-4000-a000-000000000001","email":"mira@example.com"},
		"ratio":1.5,"ok":true,"none":null,"when":"2026-11-23T14:00:00","list":[{"a":1}],"mira@example.com":"x","\u001b[2J":1}`
	d := parser(t, nil).Describe([]string{strings.Repeat("AB", 32)}, []byte(body), nil)
	if d.Signature != "hex-upper" || d.Problem != "" {
		t.Errorf("%+v", d)
	}
	for _, v := range []Value{
		{Path: "$.what", Kind: "name of an event type"}, {Path: "$.person.ref", Kind: "GUID"}, {Path: "$.person.email", Kind: "text of 16 characters"},
		{Path: "$.ratio", Kind: "number"}, {Path: "$.ok", Kind: "true or false"}, {Path: "$.none", Kind: "null"}, {Path: "$.when", Kind: "time"},
		{Path: "$.list", Kind: "list of 1"}, {Path: "$.list[0].a", Kind: "number"},
	} {
		if !slices.Contains(d.Values, v) {
			t.Errorf("%v is not among %v", v, d.Values)
		}
	}
	if want := []string{"personId: $.person.ref", "event: $.what"}; !slices.Equal(d.Overrides, want) {
		t.Errorf("overrides %q, want %q", d.Overrides, want)
	}
	text, err := json.Marshal(d)
	if err != nil || strings.Contains(string(text), "10000000-") || strings.Contains(string(text), "\x1b") {
		t.Errorf("it tells a value: %s, %v", text, err)
	}
}

func TestDescribeWhatIsUnderstood(t *testing.T) {
	body := `{"eventName":"Certificate Awarded","userId":"10000000-0000-4000-a000-000000000001","data":{"courseId":"20000000-0000-4000-a000-000000000001"}}`
	d := parser(t, nil).Describe(nil, []byte(body), nil)
	if d.Event != "CertificateAwarded" || d.Understood["user"] != "GUID" || d.Understood["courseId"] != "GUID" || len(d.Overrides) != 0 || !strings.HasPrefix(d.Signature, "none") {
		t.Errorf("%+v", d)
	}
	for _, broken := range []string{"", "x", "[]", "[1]", `{"a":`, strings.Repeat("[", 100) + strings.Repeat("]", 100)} {
		if d := parser(t, nil).Describe([]string{"short"}, []byte(broken), nil); broken != "[]" && d.Problem == "" || !strings.HasPrefix(d.Signature, "5 characters") {
			t.Errorf("%q: %+v", broken, d)
		}
	}
}

// Whatever a body holds and wherever it holds it, a description is fit to be pasted.
func TestDescribeTellsNoData(t *testing.T) {
	for _, body := range []string{
		`{"name":"Mira Example","userId":"5"}`,
		`{"type":"Mira Example","list":["Mira Example"]}`,
		`{"Mira Example":{"Mira Example":1},"Mira@Example Id":"77","a":{"Mira@Example":{"id":"Mira"}}}`,
		`{"event":{"name":"Mira Example"}}`,
	} {
		d := parser(t, nil).Describe([]string{"Mira=example"}, []byte(body), nil)
		text, err := json.Marshal(d)
		if err != nil || strings.Contains(strings.ToLower(string(text)), "mira") {
			t.Errorf("%s: %s, %v", body, text, err)
		}
	}
	d := parser(t, nil).Describe([]string{"sha512=0aF-"}, []byte(`{"Event Name":"Badge Awarded","User Id":"007","badgeId":"x"}`), nil)
	if d.Event != "BadgeAwarded" || d.Understood["badgeId"] == "" || !slices.Contains(d.Values, Value{`$["User Id"]`, "text of 3 digits"}) || !strings.HasSuffix(d.Signature, "aaa000=0aA-") {
		t.Errorf("%+v", d)
	}
}

func TestOverrideName(t *testing.T) {
	for _, c := range [][3]string{
		{"", "courseGuid", "courseId"}, {"data", "CourseID", "courseId"}, {"learner", "guid", "user"}, {"user", "ref", "user"},
		{"person", "key", "personId"}, {"x", "group_id", "groupId"}, {"", "id", "thingId"}, {"", "admin", "admin"},
	} {
		if got := overrideName(c[0], c[1]); got != c[2] {
			t.Errorf("%s.%s: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}
