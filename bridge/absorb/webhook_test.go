package absorb

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

func TestCatalogue(t *testing.T) {
	if n := len(Events()); n != 24 {
		t.Fatalf("%d events", n)
	}
	for _, e := range Events() {
		words := strings.NewReplacer("-", " ").Replace(e.Title)
		for _, spelling := range []string{
			e.Name, e.Title, words, strings.ToUpper(strings.ReplaceAll(words, " ", "_")), strings.ToLower(strings.ReplaceAll(words, " ", ".")),
			strings.ToLower(e.Name[:1]) + e.Name[1:], strings.ReplaceAll(strings.ToLower(words), " ", "-"), strings.ToLower(e.Name), " " + e.Title + "! ",
		} {
			if got := Canonical(spelling); got != e.Name || !Known(spelling) {
				t.Errorf("%q is %q, want %q", spelling, got, e.Name)
			}
		}
	}
	for spelling, want := range map[string]string{
		"Badge Revoked": "BadgeRevoked", "badge.revoked": "BadgeRevoked", "BADGE_REVOKED": "BadgeRevoked", "badgeRevoked": "BadgeRevoked",
		"": "", "  --- ": "", "größe geändert": "GrößeGeändert",
	} {
		if got := Canonical(spelling); got != want || Known(spelling) {
			t.Errorf("%q is %q, want %q", spelling, got, want)
		}
	}
	if got := Canonical(strings.Repeat("word ", 1000)); len(got) > maxName {
		t.Errorf("a name of %d bytes", len(got))
	}
}

const (
	userID   = "10000000-0000-4000-a000-000000000001"
	courseID = "20000000-0000-4000-a000-000000000001"
)

// meaning is what a body should be understood as.
type meaning struct {
	Type, User, Admin, Client, Correlation, Time string
	Entities                                     map[string]string
}

func understood(e bridge.Event) meaning {
	m := meaning{e.Type, e.UserID, e.AdminID, e.ClientID, e.CorrelationID, "", e.Entities}
	if !e.OccurredAt.IsZero() {
		m.Time = e.OccurredAt.Format(time.RFC3339Nano)
	}
	if m.Entities == nil {
		m.Entities = map[string]string{}
	}
	return m
}

func parser(t testing.TB, o Overrides) *Parser {
	t.Helper()
	p, err := NewParser(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParse(t *testing.T) {
	whole := meaning{"CertificateAwarded", userID, "a1", "c1", "k1", "2026-11-23T14:02:31Z", map[string]string{"courseId": courseID, "certificateId": "z9"}}
	bare := func(m meaning) meaning {
		if m.Entities == nil {
			m.Entities = map[string]string{}
		}
		return m
	}
	for name, c := range map[string]struct {
		body string
		want meaning
	}{
		"camel":                       {`{"eventName":"Certificate Awarded","userId":"` + userID + `","adminId":"a1","clientId":"c1","correlationId":"k1","timestamp":"2026-11-23T14:02:31Z","courseId":"` + courseID + `","certificateId":"z9"}`, whole},
		"Pascal":                      {`{"EventType":"CertificateAwarded","UserId":"` + userID + `","AdminId":"a1","ClientId":"c1","CorrelationId":"k1","EventDate":"2026-11-23T14:02:31","CourseId":"` + courseID + `","CertificateId":"z9"}`, whole},
		"snake":                       {`{"event":"certificate_awarded","learner_id":"` + userID + `","performed_by":"a1","client_id":"c1","correlation_id":"k1","occurred_at":"2026-11-23 14:02:31","course_id":"` + courseID + `","certificate_id":"z9"}`, whole},
		"nested":                      {`{"type":"certificate.awarded","user":{"id":"` + userID + `"},"admin":{"id":"a1"},"client":{"id":"c1"},"correlation":{"id":"k1"},"time":"2026-11-23T15:02:31+01:00","data":{"course":{"id":"` + courseID + `"},"certificateId":"z9"}}`, whole},
		"wrapped":                     {`{"payload":{"name":"CERTIFICATE_AWARDED","USER_ID":"` + userID + `","adminUserId":"a1","transaction":{"clientId":"c1","correlationId":"k1"},"dateOccurred":1795442551,"courseIds":["` + courseID + `"],"certificateId":"z9"}}`, whole},
		"numbers":                     {`{"event":"GroupCreated","userId":12345678901234567890,"groupId":7}`, bare(meaning{Type: "GroupCreated", User: "12345678901234567890", Entities: map[string]string{"groupId": "7"}})},
		"absent":                      {`{"event":"UserCreated","userId":null,"adminId":"","clientId":"00000000-0000-0000-0000-000000000000","courseId":" "}`, bare(meaning{Type: "UserCreated"})},
		"the user's name is no event": {`{"user":{"name":"Group Deleted","type":"x","id":"u1"},"type":"UserCreated"}`, bare(meaning{Type: "UserCreated", User: "u1"})},
		"no name":                     {`{"userId":"u1"}`, bare(meaning{Type: UnknownEvent, User: "u1"})},
		"unknown event and ids":       {`{"event":"Badge Revoked","badgeId":"b1","tag_ids":["t1","t2"],"Widget":{"Id":"w1"}}`, bare(meaning{Type: "BadgeRevoked", Entities: map[string]string{"badgeId": "b1", "tagId": "t1", "widgetId": "w1"}})},
		"byte order mark":             {"\xef\xbb\xbf" + `{"event":"UserCreated","userId":"u1"}`, bare(meaning{Type: "UserCreated", User: "u1"})},
		"key there twice":             {`{"event":"UserCreated","userId":"u1","userId":"u2"}`, bare(meaning{Type: "UserCreated", User: "u2"})},
		"milliseconds":                {`{"event":"UserCreated","timestamp":1795442551120}`, bare(meaning{Type: "UserCreated", Time: "2026-11-23T14:02:31.12Z"})},
		"no number":                   {`{"event":"UserCreated","timestamp":"NaN"}`, bare(meaning{Type: "UserCreated"})},
		"first moment":                {`{"event":"UserCreated","timestamp":"0001-01-01T00:00:00+02:00"}`, bare(meaning{Type: "UserCreated"})},
		"last moment":                 {`{"event":"UserCreated","timestamp":"9999-12-31T23:59:59.9999999-05:00"}`, bare(meaning{Type: "UserCreated"})},
		"nonsense time":               {`{"event":"UserCreated","timestamp":"yesterday"}`, bare(meaning{Type: "UserCreated"})},
		"long id":                     {`{"event":"UserCreated","userId":"` + strings.Repeat("x", 300) + `"}`, bare(meaning{Type: "UserCreated"})},
		"shallow before deep":         {`{"data":{"userId":"deep"},"userId":"shallow","event":"UserCreated"}`, bare(meaning{Type: "UserCreated", User: "shallow"})},
	} {
		events, err := parser(t, nil).Parse([]byte(c.body))
		if err != nil || len(events) != 1 {
			t.Errorf("%s: %d events, %v", name, len(events), err)
			continue
		}
		if got := understood(events[0]); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, c.want)
		}
		if string(events[0].Raw) != c.body {
			t.Errorf("%s: Raw is not the body", name)
		}
	}
}

func TestParseLists(t *testing.T) {
	events, err := parser(t, nil).Parse([]byte(` [ {"event":"UserCreated","userId":"u1"}, {"event":"UserCreated","userId":"u2"} ] `))
	if err != nil || len(events) != 2 || events[1].UserID != "u2" || string(events[1].Raw) != `{"event":"UserCreated","userId":"u2"}` {
		t.Errorf("%+v, %v", events, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for body, want := range map[string]string{
		"":                          "not JSON",
		"hello":                     "not JSON",
		"{":                         "not JSON",
		`"text"`:                    "not a JSON object",
		"42":                        "not a JSON object",
		"null":                      "not a JSON object",
		"[]":                        "lists 0 events",
		"[1]":                       "event 1 of the list",
		`{"a":1} {"b":2}`:           "something follows",
		`{"userId":007.5}`:          "not JSON",
		`[{"a":1}] x`:               "not JSON",
		strings.Repeat(`{"a":`, 40): "nests more than 32",
		strings.Repeat("[", 1<<20):  "nests more than 32",
		"[" + strings.Repeat("{},", 1000) + "{}]": "1001 events",
	} {
		_, err := parser(t, nil).Parse([]byte(body))
		if _, ok := errors.AsType[*BodyError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", body, err, want)
		}
	}
	deep := strings.Repeat(`{"a":`, 31) + `"[[[[["` + strings.Repeat("}", 31) // brackets in a text do not count
	if _, err := parser(t, nil).Parse([]byte(deep)); err != nil {
		t.Error(err)
	}
}

func TestOverrides(t *testing.T) {
	body := []byte(`{"kind":"Certificate Awarded","who":{"a-b":{"x":["", "u7"]}},"boss":9,"courseId":"wrong","deep":{"er":{"course":"right"}},"when":"2026-11-23","userId":"found"}`)
	events, err := parser(t, Overrides{
		"event": {"$.kind"}, "user": {`$.who['a-b'].x[0]`, `$.who['a-b'].x[1]`}, "admin": {"boss"}, "courseId": {"$.no", "$.deep.er.course"}, "time": {"when"}, "client": {"$.no.where"},
	}).Parse(body)
	want := meaning{"CertificateAwarded", "u7", "9", "", "", "2026-11-23T00:00:00Z", map[string]string{"courseId": "right"}}
	if err != nil || !reflect.DeepEqual(understood(events[0]), want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, understood(events[0]), want)
	}
	for _, bad := range []string{"", "$", "$.", "a..b", "a[", "a[x]", "a['']", "a[-1]", "a[=b]", "a[b=]", "a[b='c]"} {
		if _, err := NewParser(Overrides{"user": {"$.right", bad}}); err == nil || !strings.HasPrefix(err.Error(), "user: ") {
			t.Errorf("path %q: %v", bad, err)
		}
	}
}

// FuzzParse looks for panics, and for events that break the promises of
// bridge.Event.
func FuzzParse(f *testing.F) {
	f.Add([]byte(vectorBody))
	f.Add([]byte(`{"event":"x","time":"NaN"}`))
	f.Add([]byte(`[{"event":"x","user":{"id":1},"tagIds":["a"]},{"data":{"timestamp":"2026-11-23T14:02:31.1234567"}}]`))
	f.Add([]byte(`{"event":17,"data":[{"key":"courseId","value":"c"},{"name":"entityType","value":"Course"}],"payload":"{\"entityId\":\"e\"}"}`))
	p := parser(f, Overrides{"courseId": {"$.a[0].b", "$.a[key=x].value"}})
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := p.Parse(body)
		if _, ok := errors.AsType[*BodyError](err); err != nil && !ok {
			t.Fatalf("error of type %T", err)
		}
		for _, e := range events {
			if e.Type == "" || len(e.Type) > maxName || e.Body == nil || !json.Valid(trimBOM(e.Raw)) {
				t.Errorf("event %+v", e)
			}
			if at := e.OccurredAt; !at.IsZero() && (at.Year() < 1970 || at.Year() > 9999) {
				t.Errorf("it happened at %v", at)
			}
			for key, id := range e.Entities {
				if key == "" || id == "" || len(id) > maxID {
					t.Errorf("entity %q = %q", key, id)
				}
			}
		}
		again, _ := p.Parse(body)
		for i := range events {
			if !maps.Equal(events[i].Entities, again[i].Entities) || fmt.Sprint(understood(events[i])) != fmt.Sprint(understood(again[i])) {
				t.Error("the same body is understood in two ways")
			}
		}
	})
}

func trimBOM(b []byte) []byte { return []byte(strings.TrimPrefix(string(b), "\xef\xbb\xbf")) }
