package portal

import (
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Quirks are differences between portals that documents or users report. A client must
// support all of them.
type Quirks struct {
	TokenDelay         time.Duration // how long after a login every second request is refused, starting with the first
	Denied             []string      // resources that answer 401 whatever the token, such as /departments/*
	Scheme             string        // of the Authorization header: Bearer, none for bare tokens alone, or "" for both
	ListedCertificates bool          // certificates have a list, but no path to a single one
	SeparateSchedules  bool          // schedules are a resource of their own, sessions have none inside
	NamedEnrollments   bool          // enrollments have name instead of courseName
	LongTimes          bool          // times spent have days and seven digits of fraction
	RaggedDates        bool          // dates have from 0 to 7 digits of fraction
}

// Quirk is one of the differences, with its name.
type Quirk struct {
	Name  string
	About string // what it is, for the help of commands
	set   func(*Quirks)
}

// AllQuirks lists all quirks that can be chosen.
func AllQuirks() []Quirk {
	return []Quirk{
		{"slow-tokens", "every second request refuses a new token for 1.5 s", func(q *Quirks) { q.TokenDelay = 1500 * time.Millisecond }},
		{"denied-departments", "departments answer 401, as for a role without the right", func(q *Quirks) { q.Denied = append(q.Denied, "/departments") }},
		{"bare-tokens", "the API only accepts tokens without Bearer", func(q *Quirks) { q.Scheme = "none" }},
		{"bearer-tokens", "the API only accepts tokens with Bearer", func(q *Quirks) { q.Scheme = "Bearer" }},
		{"listed-certificates", "the API only has certificates as a list", func(q *Quirks) { q.ListedCertificates = true }},
		{"separate-schedules", "schedules are not inside sessions", func(q *Quirks) { q.SeparateSchedules = true }},
		{"named-enrollments", "enrollments have name instead of courseName", func(q *Quirks) { q.NamedEnrollments = true }},
		{"long-times", "times spent have days and fractions", func(q *Quirks) { q.LongTimes = true }},
		{"ragged-dates", "dates have from 0 to 7 digits of fraction", func(q *Quirks) { q.RaggedDates = true }},
	}
}

// QuirksNamed combines quirks by their names.
func QuirksNamed(names ...string) (Quirks, error) {
	var m Quirks
	var known []string
	for _, one := range AllQuirks() {
		known = append(known, one.Name)
		if slices.Contains(names, one.Name) {
			one.set(&m)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return Quirks{}, fmt.Errorf("unknown portal profile %q: want one or more of %s", name, strings.Join(known, ", "))
		}
	}
	if slices.Contains(names, "bare-tokens") && slices.Contains(names, "bearer-tokens") {
		return Quirks{}, errors.New("bare-tokens and bearer-tokens exclude each other: choose one")
	}
	return m, nil
}

// denies reports whether the user has no right to a path.
func (m Quirks) denies(path string) bool {
	have := strings.Split(path, "/")
	return slices.ContainsFunc(m.Denied, func(pattern string) bool {
		want := strings.Split(pattern, "/")
		if len(have) < len(want) {
			return false
		}
		for i, part := range want {
			if part != "*" && part != have[i] {
				return false
			}
		}
		return true
	})
}

// hasValidToken reports whether a request has the current token.
func (p *Portal) hasValidToken(r *http.Request) bool {
	header := r.Header.Get("Authorization")
	bare, bearer := strings.CutPrefix(header, "Bearer ")
	now := p.Now()
	switch {
	case p.Scheme == "Bearer" && !bearer, p.Scheme == "none" && bearer:
		return false
	case p.token.text == "" || bare != p.token.text || !now.Before(p.token.expires):
		return false
	case now.Before(p.token.reliable):
		p.token.used++
		return p.token.used%2 == 0
	}
	return true
}

// show applies the quirks to a resource.
func (p *Portal) show(collection string, o object) object {
	shown := maps.Clone(o)
	switch collection {
	case "certificates": // they are listed by person, without the person's id
		delete(shown, "userId")
	case sessions:
		if p.SeparateSchedules {
			delete(shown, "schedules")
		}
	case "enrollments":
		if p.NamedEnrollments {
			shown["name"] = shown["courseName"]
			delete(shown, "courseName")
		}
		if p.LongTimes && shown["status"] == complete {
			shown["timeSpent"], shown["timeSpentTicks"] = "1.13:02:39.9878697", int64(1_333_599_878_697)
		}
	}
	if p.RaggedDates {
		for key, value := range shown {
			if s, ok := value.(string); ok {
				shown[key] = ragged(s)
			}
		}
	}
	return shown
}

// ragged writes a date with a varying number of digits, always the same for the same
// date. Other texts stay as they are.
func ragged(s string) string {
	const layout = "2006-01-02T15:04:05.0000000"
	at, err := time.Parse("2006-01-02T15:04:05.9999999", s)
	if err != nil {
		return s
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(s)) // it never fails
	digits := int(sum.Sum32()>>8) % 8
	return strings.TrimSuffix(at.Format(layout[:len(layout)-7+digits]), ".")
}
