package absorb

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/absorb-bridge/absorb-bridge/bridge/timestamp"
)

// The likely keys of what every webhook contains, folded, best first. A key inside an
// object also matches with the object's name in front: "userid" matches user.id.
var (
	userKeys        = []string{"userid", "learnerid", "user", "learner"}
	adminKeys       = []string{"adminid", "adminuserid", "performedbyid", "performedby", "admin"}
	clientKeys      = []string{"clientid", "client"}
	correlationKeys = []string{"correlationid", "correlation"}
	eventKeys       = []string{"eventname", "event", "eventtype", "type", "name"}
	timeKeys        = []string{"timestamp", "eventdate", "occurredat", "dateoccurred", "eventtime", "time"}
)

// roleKeys are the ids that have a field of Event; the others are entities.
var roleKeys = slices.Concat(userKeys, adminKeys, clientKeys, correlationKeys)

// isRole reports whether an override's key names a field of Event.
func isRole(key string) bool {
	return slices.Contains([]string{"event", "user", "admin", "client", "correlation", "time"}, key)
}

// FieldKey returns the key of Overrides that a name stands for: user for userId,
// courseId for CourseID and for onlineCourseId. Any other name is its own key.
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

// EntityKeys returns the keys of the things that Absorb's events refer to, as templates
// spell them.
func EntityKeys() []string {
	return []string{
		"courseId", "enrollmentId", "departmentId", "groupId", "curriculumId", "courseBundleId", "certificateId",
		"competencyId", "competencyDefinitionId", "sessionId", "learningPathId", "selfAssessmentId", "categoryId",
		"supervisorId", "credits",
	}
}

// otherKeys are other keys of the same things, with the key under which their ids are
// stored.
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

// anyThing are the keys of an id that do not name its kind.
func anyThing() []string {
	return []string{"entity", "object", "resource", "target", "item", "subject", "content", "record"}
}

// knownEntities maps the folded form of EntityKeys, otherKeys and anyThing; it never
// changes.
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

// time returns when the event happened; zero if the body does not say.
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

// id returns the first of the keys' values that is an id.
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

// eventName returns the event type's name. A bare "type" or "name" counts only where it
// cannot be that of a course or a user.
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

// codeKeys may have an event's code, in addition to eventKeys.
var codeKeys = []string{"eventcode", "eventid", "eventtypeid", "eventtypecode"}

// eventCodes returns the texts and numbers that may stand for the event type's name,
// best first.
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

// ofAThing reports whether a bare "type" or "name" may be that of a course or a user.
func (f field) ofAThing() bool {
	return (f.own == "type" || f.own == "name") && f.parent != "" && !slices.Contains(wrappers, f.outer)
}

// codeText returns a text or a number as text; "" for anything else.
func codeText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// entities returns the ids of the things that the event refers to.
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

// entityKey returns the key under which a field's id is stored, or "" if the field is
// not an id.
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
	maxEntities = 100 // ids that are stored of one event, not counting those of known things
	maxID       = 200 // of an id, in bytes; a longer text is not an id
	zeroGUID    = "00000000-0000-0000-0000-000000000000"
)

// idText returns an id as text: a number keeps its digits, and of a list the first
// entry counts; null, empty texts and the zero GUID are no ids.
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

// parseTime reads a time with package timestamp. It returns zero for anything else, and
// for .NET's minimum and maximum, which mean no time.
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
