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

// Manners are habits that portals are said to have, or not to have. None of them is
// wrong: a client must get along with all.
type Manners struct {
	Spread             time.Duration // for so long after a login every second request is refused, the first among them
	Denied             []string      // resources that answer 401 whatever the token, such as /departments/*
	Scheme             string        // of the Authorization header: Bearer, none for bare tokens alone, or "" for both
	ListedCertificates bool          // certificates come as a list, there is no path to one of them
	SeparateSchedules  bool          // schedules are a resource of their own, sessions have none inside
	NamedEnrollments   bool          // enrollments have name in place of courseName
	LongTimes          bool          // times spent have days and seven digits of fraction
	RaggedDates        bool          // dates have from 0 to 7 digits of fraction
}

// Manner is one habit, by its name.
type Manner struct {
	Name  string
	About string // what it is, for the help of commands
	set   func(*Manners)
}

// AllManners lists every manner that can be chosen.
func AllManners() []Manner {
	return []Manner{
		{"slow-tokens", "every second request refuses a new token for 1.5 s", func(m *Manners) { m.Spread = 1500 * time.Millisecond }},
		{"denied-departments", "departments answer 401, as for a role without the right", func(m *Manners) { m.Denied = append(m.Denied, "/departments") }},
		{"bare-tokens", "the API only accepts tokens without Bearer", func(m *Manners) { m.Scheme = "none" }},
		{"bearer-tokens", "the API only accepts tokens with Bearer", func(m *Manners) { m.Scheme = "Bearer" }},
		{"listed-certificates", "the API only has certificates as a list", func(m *Manners) { m.ListedCertificates = true }},
		{"separate-schedules", "schedules are not inside sessions", func(m *Manners) { m.SeparateSchedules = true }},
		{"named-enrollments", "enrollments have name instead of courseName", func(m *Manners) { m.NamedEnrollments = true }},
		{"long-times", "times spent have days and fractions", func(m *Manners) { m.LongTimes = true }},
		{"ragged-dates", "dates have from 0 to 7 digits of fraction", func(m *Manners) { m.RaggedDates = true }},
	}
}

// MannersOf combines manners by their names.
func MannersOf(names ...string) (Manners, error) {
	var m Manners
	var known []string
	for _, one := range AllManners() {
		known = append(known, one.Name)
		if slices.Contains(names, one.Name) {
			one.set(&m)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return Manners{}, fmt.Errorf("unknown manner %q: want one or more of %s", name, strings.Join(known, ", "))
		}
	}
	if slices.Contains(names, "bare-tokens") && slices.Contains(names, "bearer-tokens") {
		return Manners{}, errors.New("bare-tokens and bearer-tokens exclude each other: choose one")
	}
	return m, nil
}

// denies reports whether a path is one that the user has no right to.
func (m Manners) denies(path string) bool {
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

// admits reports whether a request bears the token in use.
func (p *Portal) admits(r *http.Request) bool {
	header := r.Header.Get("Authorization")
	bare, bearer := strings.CutPrefix(header, "Bearer ")
	now := p.Now()
	switch {
	case p.Scheme == "Bearer" && !bearer, p.Scheme == "none" && bearer:
		return false
	case p.token.text == "" || bare != p.token.text || !now.Before(p.token.expires):
		return false
	case now.Before(p.token.spread):
		p.token.used++
		return p.token.used%2 == 0
	}
	return true
}

// show is a thing as the portal writes it.
func (p *Portal) show(collection string, o object) object {
	shown := maps.Clone(o)
	switch collection {
	case "certificates": // they are listed by person, and do not name the person
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

// ragged writes a date with some number of digits, always the same for the same date.
// What is no date it leaves as it is.
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
