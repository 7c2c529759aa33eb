package condition

import (
	"strings"

	"github.com/expr-lang/expr/types"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// resources lists the fields of the Integration API's answers, by path. Expressions
// read other fields with get(course, "field").
func resources() map[string]string {
	return map[string]string{
		"/users/*": `text: id firstName lastName username emailAddress departmentId jobTitle location employeeNumber supervisorId
			dateHired dateAdded dateEdited externalId name
			whole: activeStatus
			truth: isLearner isAdmin isInstructor isManager lastKnown
			list: roleIds
			any: customFields`,
		"/courses/*": `text: id courseType name description categoryId certificateUrl vendor goals audience expiryDate externalId
			dateAdded dateEdited
			whole: activeStatus expireType
			truth: lastKnown
			list: tagIds competencyDefinitionIds prerequisiteCourseIds
			any: customFields`,
		"/users/*/enrollments/*": `text: id courseId courseName userId fullName dateStarted dateCompleted dateExpires dateDue dateAdded
			dateEdited timeSpent certificateId
			number: progress score credits
			whole: status
			truth: isActive`,
		"/departments/*": `text: id name parentId companyName emailAddress phoneNumber externalId
			truth: lastKnown`,
		"/groups/*": `text: id name
			truth: isAutomatic lastKnown
			list: userIds`,
		"/users/*/certificates/*": "text: id enrollmentId fullName courseName acquiredDate expiryDate notes",
		"/users/*/competencies/*": "text: id competencyDefinitionId name dateAcquired dateExpires\n any: level",
		"/users/*/enrollments/*/sessions/*": `text: id sessionId courseEnrollmentId name userId fullName dateEnrolled dateStarted dateCompleted timeSpent
			number: progress score
			whole: status`,
		"/instructor-led-course-sessions/*": `text: id name courseId venueName dateStart dateEnd
			truth: lastKnown
			any: schedules`,
		"/categories/*": "text: id name parentId\n truth: lastKnown",
		"/roles/*":      "text: id name\n truth: lastKnown",
	}
}

// eventFields are the event's own fields. All other fields of a webhook end in Id or
// Ids, or are in the body.
const eventFields = `text: id type name occurredAt receivedAt userId adminId clientId correlationId
	truth: caughtUp
	any: body credits`

// shape is what is known about a part: its fields, or nothing.
type shape map[string]types.Type

// fields reads a table's entry.
func fields(table string) shape {
	kinds := map[string]types.Type{
		"text": types.String, "number": types.Float64, "whole": types.Int, "truth": types.Bool,
		"list": types.Array(types.Any), "any": types.Any,
	}
	s := shape{}
	var kind types.Type
	for word := range strings.FieldsSeq(table) {
		if name, ok := strings.CutSuffix(word, ":"); ok {
			kind = kinds[name]
			continue
		}
		s[word] = kind
	}
	return s
}

// Schema lists what expressions may refer to: the parts of every event, and those that
// templates look up.
type Schema struct {
	parts map[string]types.Type // shapes as types.Map
	open  bool
}

// NewSchema returns a schema with the parts of the lookups. A part that templates look
// up in different places has no known fields.
func NewSchema(lookups []bridge.Lookup) Schema {
	s := Schema{parts: map[string]types.Type{
		"event": types.Map(fields(eventFields)), "source": types.String, "portal": types.String,
		"incomplete": types.Bool, "inferred": types.Any, "candidates": types.Any,
	}}
	known := resources()
	from := map[string]string{}
	for _, l := range lookups {
		before, seen := from[l.Part]
		from[l.Part] = l.Resource
		switch table, ok := known[l.Resource]; {
		case !ok, seen && before != l.Resource:
			s.parts[l.Part], from[l.Part] = types.Any, "different ones"
		default:
			s.parts[l.Part] = types.Map(fields(table))
		}
	}
	return s
}

// Open is a schema that accepts unknown names as parts, for when some templates could
// not be read.
func (s Schema) Open() Schema {
	s.open = true
	return s
}

// LookedUp returns those of the parts that only a lookup can fill.
func LookedUp(parts []string) []string {
	given := map[string]bool{}
	for _, part := range bridge.Given() {
		given[part] = true
	}
	var all []string
	for _, part := range parts {
		if !given[part] {
			all = append(all, part)
		}
	}
	return all
}
