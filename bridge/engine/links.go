package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/value"
)

// Links are the addresses of a portal's pages, by kind of thing, with LinkID in place
// of the id. An address that begins with / is below that of the portal.
type Links map[string]string

// LinkID is the placeholder of the id in an address of Links.
const LinkID = "{id}"

// anyCourse is the kind of a course of which nothing more is known.
const anyCourse = "course"

// LinkKinds are the kinds of things that may have an address. The first one is for
// all kinds of courses that have none of their own.
func LinkKinds() []string {
	return append([]string{anyCourse}, append(courseKinds(), "user", "certificate", "department", "group")...)
}

func courseKinds() []string {
	return []string{"online_course", "instructor_led_course", "course_bundle", "curriculum"}
}

// documented are the addresses that Absorb documents or that are in public use. They
// lead to a learner's pages.
func documented() Links {
	const onlineCourses = "/#/online-courses/" + LinkID
	return Links{anyCourse: onlineCourses, "online_course": onlineCourses, "curriculum": "/#/curricula/" + LinkID}
}

// pattern is the address for a kind: its own, or that of all courses, or a documented
// one, or "".
func (links Links) pattern(kind string) string {
	own := links[kind]
	switch {
	case slices.Contains(courseKinds(), kind):
		own = cmp.Or(own, links[anyCourse])
	case kind == anyCourse:
		own = cmp.Or(own, links["online_course"])
	}
	return cmp.Or(own, documented()[kind])
}

// linkTo gives the function that makes the address of a thing by its kind and its id,
// from the links of the sources. A course may follow, as the API describes it: then
// its own kind counts. It is nothing when there is no id or no address.
func linkTo(sources map[string]Links) func(*Scope, string, any, ...any) (string, error) {
	kinds := LinkKinds()
	return func(s *Scope, kind string, id any, course ...any) (string, error) {
		if !slices.Contains(kinds, kind) {
			return "", fmt.Errorf("knows no kind %q%s; there are %s", kind, bridge.DidYouMean(kind, kinds), strings.Join(kinds, ", "))
		}
		if len(course) > 1 {
			return "", fmt.Errorf("wants a kind, an id and perhaps a course, has %d values", 2+len(course))
		}
		if kind == anyCourse && len(course) == 1 {
			kind = courseKind(course[0])
		}
		pattern := sources[value.TextOf(value.Get(s, "source"))].pattern(kind)
		written := value.TextOf(id)
		if pattern == "" || strings.Trim(written, "0-") == "" || written == "." || written == ".." {
			return "", nil
		}
		if strings.HasPrefix(pattern, "/") {
			portal := strings.TrimRight(value.TextOf(value.Get(s, "portal")), "/")
			if portal == "" {
				return "", nil
			}
			pattern = portal + pattern
		}
		for _, err := range []error{s.budget.Bytes(len(pattern), 4), s.budget.Bytes(len(written), 3*strings.Count(pattern, LinkID))} {
			if err != nil {
				return "", err
			}
		}
		return strings.ReplaceAll(pattern, LinkID, PercentEscape(written)), nil
	}
}

// courseKind is the kind of a course as its type says it, and anyCourse when it says none.
func courseKind(course any) string {
	kind := bridge.FoldEvent(value.TextOf(value.CodeOf(course, "courseType")))
	for _, known := range courseKinds() {
		if bridge.FoldEvent(known) == kind {
			return known
		}
	}
	return anyCourse
}
