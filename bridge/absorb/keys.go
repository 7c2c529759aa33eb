package absorb

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/absorb-bridge/absorb-bridge/bridge/timestamp"
)

// The likely keys of what every webhook tells, folded, best first. A key inside
// an object is also known by both names: "userid" is user.id too.
var (
	userKeys        = []string{"userid", "learnerid", "user", "learner"}
	adminKeys       = []string{"adminid", "adminuserid", "performedbyid", "performedby", "admin"}
	clientKeys      = []string{"clientid", "client"}
	correlationKeys = []string{"correlationid", "correlation"}
	eventKeys       = []string{"eventname", "event", "eventtype", "type", "name"}
	timeKeys        = []string{"timestamp", "eventdate", "occurredat", "dateoccurred", "eventtime", "time"}
)

// roleKeys are the ids that an Event has fields for; the rest are entities.
var roleKeys = slices.Concat(userKeys, adminKeys, clientKeys, correlationKeys)

// isRole tells whether an override's key names a field of Event.
func isRole(key string) bool {
	return slices.Contains([]string{"event", "user", "admin", "client", "correlation", "time"}, key)
}

// FieldKey is the key of Overrides that a name stands for: user for userId, courseId
// for CourseID and for onlineCourseId. Any other name is a key of its own.
func FieldKey(name string) string {
	folded := foldID(name)
	for role, keys := range map[string][]string{
		"event": {"event", "eventname", "eventtype"}, "user": userKeys, "admin": adminKeys,
		"client": clientKeys, "correlation": correlationKeys, "time": timeKeys,
	} {
		if slices.Contains(keys, folded) {
			return role
		}
	}
	known, ok := knownEntities[folded]
	if !ok {
		return name
	}
	for _, s := range otherKeys() {
		if s[0] == known {
			return s[1]
		}
	}
	return known
}

// EntityKeys are the keys of the things that Absorb's events concern, as
// templates spell them.
func EntityKeys() []string {
	return []string{
		"courseId", "enrollmentId", "departmentId", "groupId", "curriculumId", "courseBundleId", "certificateId",
		"competencyId", "competencyDefinitionId", "sessionId", "learningPathId", "selfAssessmentId", "categoryId",
		"supervisorId", "credits",
	}
}

// otherKeys are other keys of the same things, by what they are kept as.
func otherKeys() [][2]string {
	return [][2]string{
		{"onlineCourseId", "courseId"}, {"instructorLedCourseId", "courseId"}, {"iltCourseId", "courseId"},
		{"curriculaId", "curriculumId"}, {"bundleId", "courseBundleId"},
		{"courseEnrollmentId", "enrollmentId"}, {"enrolmentId", "enrollmentId"}, {"courseEnrolmentId", "enrollmentId"},
		{"userCertificateId", "certificateId"}, {"userCompetencyId", "competencyId"},
		{"courseSessionId", "sessionId"}, {"instructorLedCourseSessionId", "sessionId"},
		{"userGroupId", "groupId"}, {"creditsAwarded", "credits"},
	}
}

// anyThing are the keys of an id that do not say of what it is.
func anyThing() []string {
	return []string{"entity", "object", "resource", "target", "item", "subject", "content", "record"}
}

// knownEntities are EntityKeys, otherKeys and anyThing by their folded form; never
// changed.
var knownEntities = func() map[string]string {
	all := map[string]string{}
	for _, key := range EntityKeys() {
		all[fold(key)] = key
	}
	for _, s := range otherKeys() {
		all[fold(s[0])] = s[0]
	}
	for _, stem := range anyThing() {
		all[stem+"id"] = stem + "Id"
	}
	return all
}()

// time finds when the event happened; zero when the body does not say.
func (all fields) time() time.Time {
	for _, key := range timeKeys {
		for _, f := range all {
			if f.is(key) {
				if t := parseTime(f.value); !t.IsZero() {
					return t
				}
			}
		}
	}
	return time.Time{}
}

// id finds the first of the keys whose value is an id.
func (all fields) id(keys []string) string {
	for _, key := range keys {
		for _, f := range all {
			if f.is(key) {
				if id := idText(f.value); id != "" {
					return id
				}
			}
		}
	}
	return ""
}

// eventName finds the event's name. Bare "type" and "name" count only where they
// cannot be those of a course or a user.
func (all fields) eventName() string {
	for _, key := range eventKeys {
		for _, f := range all {
			s, ok := f.value.(string)
			if !ok || s == "" || !f.is(key) {
				continue
			}
			if f.ofAThing() {
				continue
			}
			return s
		}
	}
	return ""
}

// codeKeys may hold an event's code beside eventKeys.
var codeKeys = []string{"eventcode", "eventid", "eventtypeid", "eventtypecode"}

// eventCodes are the texts and numbers that may stand for the event's name, best first.
func (all fields) eventCodes() (codes []string) {
	for _, key := range slices.Concat(eventKeys, codeKeys) {
		for _, f := range all {
			if code := codeText(f.value); code != "" && f.is(key) && !f.ofAThing() {
				codes = append(codes, code)
			}
		}
	}
	return codes
}

// ofAThing tells whether a bare "type" or "name" can be that of a course or a user.
func (f field) ofAThing() bool {
	return (f.own == "type" || f.own == "name") && f.parent != "" && !slices.Contains(wrappers, f.outer)
}

// codeText is a text or a number as text; "" for anything else.
func codeText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// entities finds the ids of the things concerned.
func (all fields) entities() map[string]string {
	found := map[string]string{}
	for _, f := range all {
		key := entityKey(f)
		id := idText(f.value)
		if key == "" || id == "" {
			continue
		}
		_, taken := found[key]
		_, known := knownEntities[fold(key)]
		if !taken && (known || len(found) < maxEntities) {
			found[key] = id
		}
	}
	return found
}

// entityKey is the key under which a field's id is kept, or "" if it holds none.
func entityKey(f field) string {
	for _, name := range []string{f.own, f.outer + f.own} {
		if slices.Contains(roleKeys, name) {
			return ""
		}
		if known, ok := knownEntities[name]; ok {
			return known
		}
		if known, ok := knownEntities[strings.TrimSuffix(name, "s")]; ok {
			return known
		}
	}
	words := f.key
	if f.own == "id" {
		if f.parent == "" || slices.Contains(wrappers, f.outer) {
			return "" // the event's own
		}
		words = singular(f.parent) + "Id"
	}
	words = strings.TrimSuffix(words, "s")
	for _, ending := range []string{"Guid", "GUID", "Uuid", "UUID", "Id", "ID", "_id", "-id", " id", ".id", "_guid", "_uuid"} {
		if stem, ok := strings.CutSuffix(words, ending); ok && stem != "" {
			return lowerFirst(pascal(stem)) + "Id"
		}
	}
	if text, ok := f.value.(string); ok && guid.MatchString(text) && len(f.own) > 2 && strings.HasSuffix(f.own, "id") {
		return lowerFirst(pascal(strings.TrimSuffix(f.own, "id"))) + "Id" // such as "widgetid"
	}
	return ""
}

func lowerFirst(s string) string {
	for i, r := range s {
		return string(unicode.ToLower(r)) + s[i+len(string(r)):]
	}
	return s
}

const (
	maxEntities = 100 // ids that are kept of one event, those of known things apart
	maxID       = 200 // of an id, in bytes; a longer text is none
	zeroGUID    = "00000000-0000-0000-0000-000000000000"
)

// idText is an id as text: a number keeps its digits, a list gives its first;
// null, empty and the zero GUID are none.
func idText(v any) string {
	switch v := v.(type) {
	case string:
		if v = strings.TrimSpace(v); v != zeroGUID && len(v) <= maxID {
			return v
		}
	case json.Number:
		if len(v) <= maxID {
			return v.String()
		}
	case []any:
		if len(v) > 0 {
			return idText(v[0])
		}
	}
	return ""
}

// parseTime reads a time as package timestamp does. It is zero for anything else, and
// for .NET's first and last moments, which mean none.
func parseTime(v any) time.Time {
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	if t, ok := timestamp.Parse(text); ok && 1970 <= t.Year() && t.Year() <= 9998 {
		return t.UTC()
	}
	return time.Time{}
}
