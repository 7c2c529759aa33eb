package render

import (
	"cmp"
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/budget"
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// request is one request that may give a lookup its part: a path, or a list of which
// one entry is chosen.
type request struct {
	path    *engine.Text
	literal string         // the path with * in place of each value
	choice  *bridge.Choice // of an entry of a list, or nil
	where   *engine.Text
}

const (
	// entryPart is the entry of a list that `where` judges.
	entryPart = "entry"

	// usualWithin is how far before its webhook a thing may have happened.
	usualWithin = 10 * time.Minute

	// maxWithin bounds `within`: the longer it is, the more entries fit.
	maxWithin = time.Hour

	// maxWays bounds the requests for one part.
	maxWays = 8

	// maxPage is the most entries of a page (Absorb's Integration API v2).
	maxPage = 1000
)

// ways reads the entries of `try`.
func (d *document) ways(e yamlfile.Entry) (all []request) {
	elements := d.List(e)
	if len(elements) == 0 || len(elements) > maxWays {
		d.Problem(e.At, e.Path, "wants 1 to %d entries, each with a path or a list", maxWays)
		return nil
	}
	for _, element := range elements {
		all = append(all, d.way(element))
	}
	return all
}

// way reads an entry of `try`.
func (d *document) way(e yamlfile.Entry) request {
	if !yamlfile.IsMapping(e.Value) {
		return d.pathWay(e)
	}
	var path, list *request
	w, c := request{}, &bridge.Choice{}
	var choices []yamlfile.Entry // keys that choose from a list
	choosing := func(read func(yamlfile.Entry)) func(yamlfile.Entry) {
		return func(e yamlfile.Entry) { choices = append(choices, e); read(e) }
	}
	before := len(d.Problems)
	d.Section(e, map[string]func(yamlfile.Entry){
		"path":   func(e yamlfile.Entry) { path = new(d.pathWay(e)) },
		"list":   func(e yamlfile.Entry) { list = new(d.pathWay(e)) },
		"match":  choosing(func(e yamlfile.Entry) { c.Match = d.pairs(e) }),
		"where":  choosing(func(e yamlfile.Entry) { w.where = d.whereOf(e) }),
		"recent": choosing(func(e yamlfile.Entry) { c.Recent = d.field(e) }),
		"within": choosing(func(e yamlfile.Entry) { c.Within = d.within(e) }),
		"unless": choosing(func(e yamlfile.Entry) { c.Unless = d.keys(e) }),
		"ids":    choosing(func(e yamlfile.Entry) { c.IDs = d.pairs(e) }),
	})
	switch {
	case len(d.Problems) > before:
	case (path == nil) == (list == nil):
		d.Problem(e.At, e.Path, "wants either a path, or a list and what to choose from it")
	case path != nil && len(choices) > 0:
		d.Problem(choices[0].At, choices[0].Path, "chooses from a list: write list instead of path")
	case path != nil:
		return *path
	case c.Match == nil && c.Recent == "" && w.where == nil:
		d.Problem(e.At, e.Path, "does not say which entry of the list to choose: add match, recent or where")
	case c.Match == nil && c.Recent == "" && len(c.IDs) > 0:
		d.Problem(e.At, e.Path, "fills ids, so it must say how the entry is found: add match or recent")
	default:
		w.path, w.literal, w.choice = list.path, list.literal, c
		if c.Recent != "" && c.Within == 0 {
			c.Within = usualWithin
		}
		return w
	}
	return request{path: &engine.Text{}}
}

// whereOf reads a condition on an entry of a list.
func (d *document) whereOf(e yamlfile.Entry) *engine.Text {
	s, ok := d.Text(e)
	if !ok {
		return nil
	}
	return d.compiler.Compile(d.Reader, s, engine.PlainPrinting, append(d.known[:len(d.known):len(d.known)], entryPart))
}

// pairs reads a mapping of names, such as courseId: id.
func (d *document) pairs(e yamlfile.Entry) map[string]string {
	all := map[string]string{}
	for _, child := range d.Mapping(e) {
		if !partName.MatchString(child.Name) {
			d.Problem(child.At, child.Path, "want a name of letters and digits, such as courseId")
		}
		all[child.Name] = d.field(child)
	}
	return all
}

// keys reads a list of the event's keys.
func (d *document) keys(e yamlfile.Entry) (all []string) {
	for _, element := range d.List(e) {
		all = append(all, d.field(element))
	}
	return all
}

// field reads the name of a field.
func (d *document) field(e yamlfile.Entry) string {
	s, ok := d.Text(e)
	if ok && !partName.MatchString(s.Text) {
		d.Problem(s.At, e.Path, "want the name of a field, such as dateCompleted")
	}
	return s.Text
}

func (d *document) within(e yamlfile.Entry) time.Duration {
	text := ""
	if n, ok := e.Value.(ast.ScalarNode); ok {
		text = n.GetToken().Value
	}
	span, err := time.ParseDuration(text)
	if err != nil || span <= 0 || span > maxWithin {
		d.Problem(yamlfile.Start(e.Value), e.Path, "want a time up to 1h, such as 10m, have %q", text)
	}
	return span
}

// pathWay reads a path.
func (d *document) pathWay(e yamlfile.Entry) request {
	s, ok := d.Text(e)
	if !ok {
		return request{path: &engine.Text{}}
	}
	w := request{path: cmp.Or(d.compile(e, engine.PathPrinting), &engine.Text{})}
	w.literal = engine.Literal(s.Text)
	if fault := pathFault(strings.TrimSpace(w.literal)); fault != "" {
		d.Problem(s.At, e.Path, "%s", fault)
	}
	return w
}

var (
	blankOrControl = regexp.MustCompile(`[\x00-\x20\x7f]`)
	brokenEscape   = regexp.MustCompile(`%(?:[^0-9A-Fa-f]|[0-9A-Fa-f][^0-9A-Fa-f]|.?$)`)
	pageSize       = regexp.MustCompile(`(?:^|&)_limit=([^&*]*)(?:&|$)`)
)

// pathFault says why a path, with * in place of its values, can never be asked for,
// or "".
func pathFault(literal string) string {
	const example = "want a path below the API's address, such as /courses/{{ .event.courseId }}"
	path, query, _ := strings.Cut(literal, "?")
	switch {
	case !strings.HasPrefix(path, "/"), strings.HasPrefix(path, "//"):
		return example
	case blankOrControl.MatchString(path):
		return "has a blank in the path: only a filter behind ? may have some"
	case strings.Contains(literal, "#"):
		return "has a #, which ends a path: write %23"
	case strings.ContainsAny(path, `\"<>^|`), strings.Contains(path+"/", "/../"), strings.Contains(path+"/", "/./"):
		return example
	case strings.ContainsAny(query, "\r\n\t"):
		return "has a line break or tab in the query: write it in one line"
	case brokenEscape.MatchString(literal):
		return "has a % that starts no escape such as %20: write %25"
	case strings.Count(query, "'")%2 == 1:
		return "has a quote ' without its second one in the filter"
	}
	if m := pageSize.FindStringSubmatch(query); m != nil {
		if n, err := strconv.Atoi(m[1]); err != nil || n < 1 || n > maxPage {
			return "asks for _limit=" + m[1] + "; a page has 1 to 1000 entries"
		}
	}
	return ""
}

// encodeQuery percent-encodes what a query cannot hold, such as the blanks of a
// filter as Absorb's pages write it. Values are encoded already.
func encodeQuery(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			b.WriteString(engine.PercentEscape(string([]byte{c})))
			continue
		}
		b.WriteByte(query[i])
	}
	return b.String()
}

// resource is what kind of thing the way gives, such as /users/*: of a list, an
// entry of it.
func (w request) resource() string {
	path, _, _ := strings.Cut(strings.TrimSpace(w.literal), "?")
	if w.choice != nil {
		path += "/*"
	}
	return path
}

// chosen is the way's choice as package enrich makes it.
func (w request) chosen() *bridge.Choice {
	if w.choice == nil {
		return nil
	}
	c := *w.choice
	if w.where != nil {
		c.Where = func(f bridge.Facts, entry map[string]any) bool {
			// A shallow copy: other lookups read the facts at the same time.
			judged := bridge.Facts{entryPart: entry}
			for _, part := range w.where.Parts() {
				if v, ok := f[part]; ok && part != entryPart {
					judged[part] = v
				}
			}
			answer, err := w.where.Within(context.Background(), budget.Lookup(), judged)
			return err == nil && strings.TrimSpace(answer) == "true"
		}
	}
	return &c
}
