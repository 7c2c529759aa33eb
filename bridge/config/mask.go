package config

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"github.com/absorb-bridge/absorb-bridge/internal/yamlfile"
)

// plainKey tells keys whose values may be shown. All others may be secrets,
// mistyped keys included.
var plainKey = regexp.MustCompile(`^(?:listen|store|templates|timezone|locale|zone|date_layout|keep|keep_dead|give_up|level|format|path|secret_encoding|signature|` +
	`expect|taken|refused|status|words|json|` +
	`server|priority|tags|markdown|firebase|delay|filename|chat|topic_id|silent|preview|devices|sound|room|notice|` +
	`user_agent|portal|links|course|online_course|instructor_led_course|course_bundle|curriculum|user|certificate|department|region|username|rate|burst|budget|on_failure|cache|scheme|limit|type|stream|smtp|from|to|name|events|sources|when|method|content_type|channel|digest|wait|max_wait|max_events|group|at|story|quiet|hours|days|thread|update|within|` +
	`ca|client_cert|trusted_proxies|session|issuer|client_id|token_url|scopes|claim|view|operate|header|enabled|window|every|after|by|dedupe|memory|max_age|max_body|body_time|connections|per_address|catch_up|redact)$`)

// credentials are a password inside a URL or what resembles one, or beside the other
// settings of a database.
var credentials = regexp.MustCompile(`(?i):[^\s]*@|://.*@|password|\b(?:pass|pwd|secret|token)\w*\s*=[^=]`)

// asReference is a reference to the environment or a file, which is no secret. A
// default in it may be one.
var asReference = regexp.MustCompile(`\$\{(?:file:)?[^}:]*\}`)

// maskedLines are the lines of a file to show with problems: without what may be
// a secret, and as long as they were, so that columns stay true. It goes by the
// tokens, because a file that is no YAML has secrets too.
func maskedLines(data []byte) []string {
	m := &masker{}
	for _, line := range yamlfile.Lines(data) {
		m.lines = append(m.lines, []rune(line))
	}
	m.end = &token.Position{Line: len(m.lines), Column: len(m.lines[len(m.lines)-1]) + 1}
	if tokens, ok := tokenize(data); ok {
		m.mask(tokens)
	} else {
		m.stars(&token.Position{Line: 1, Column: 1}, m.end)
	}
	masked := make([]string, len(m.lines))
	for i, line := range m.lines {
		masked[i] = string(line)
	}
	return masked
}

// tokenize is the library's, except that a panic in it is not ok.
func tokenize(data []byte) (tokens token.Tokens, ok bool) {
	defer func() { ok = recover() == nil }()
	return lexer.Tokenize(string(data)), true
}

type masker struct {
	lines [][]rune
	end   *token.Position // of the file
}

func (m *masker) mask(tokens token.Tokens) {
	tokens = slices.DeleteFunc(slices.Clone(tokens), func(tk *token.Token) bool { return tk.Type == token.CommentType })
	shown := false     // whether values of the last key are
	condition := false // whether that key has a condition
	for i, tk := range tokens {
		var before token.Token
		if i > 0 {
			before = *tokens[i-1]
		}
		end := m.end
		if i+1 < len(tokens) {
			end = tokens[i+1].Position
		}
		switch {
		case slices.Contains(structure, tk.Type):
		case i+1 < len(tokens) && tokens[i+1].Type == token.MappingValueType && isKey(tk, before):
			shown, condition = plainKey.MatchString(tk.Value), slices.Contains([]string{"when", "group", "thread", "update"}, tk.Value)
		case condition && longCondition(tk):
		case !shown || !slices.Contains(structure, before.Type) || tk.Type == token.InvalidType || credentials.MatchString(tk.Value) || end.Line > tk.Position.Line+1:
			m.stars(tk.Position, end)
		}
	}
}

// longCondition tells a condition, which may go over several lines, from a text
// that lacks its closing quote and so holds the keys that follow.
func longCondition(tk *token.Token) bool {
	return tk.Type != token.InvalidType && !credentials.MatchString(tk.Value) && !strings.Contains(tk.Value, ":")
}

// structure are the tokens between which values stand.
var structure = []token.Type{
	token.MappingValueType, token.MappingKeyType, token.MappingStartType, token.MappingEndType,
	token.SequenceEntryType, token.SequenceStartType, token.SequenceEndType, token.CollectEntryType, token.DocumentHeaderType, token.DocumentEndType,
}

// isKey tells a key from a value with a colon in it.
func isKey(tk *token.Token, before token.Token) bool {
	switch before.Type {
	case token.UnknownType, token.MappingStartType, token.CollectEntryType, token.SequenceEntryType, token.SequenceStartType:
		return true
	case token.InvalidType:
		return false
	}
	return before.Position.Line < tk.Position.Line
}

// stars hides what stands between two places, except for references.
func (m *masker) stars(from, to *token.Position) {
	for i := from.Line - 1; i < min(to.Line, len(m.lines)); i++ {
		line := m.lines[i]
		start, end := 0, len(line)
		if i == from.Line-1 {
			start = min(max(0, from.Column-1), end)
		}
		if i == to.Line-1 {
			end = min(max(start, to.Column-1), end)
		}
		copy(line[start:end], []rune(hidden(string(line[start:end]))))
	}
}

// hidden has a star for each letter, but for those of references.
func hidden(text string) string {
	var out []rune
	keep := asReference.FindAllStringIndex(text, -1)
	for i, r := range text {
		inside := slices.ContainsFunc(keep, func(at []int) bool { return at[0] <= i && i < at[1] })
		if !inside && !unicode.IsSpace(r) && r != '"' && r != '\'' {
			r = '*'
		}
		out = append(out, r)
	}
	return string(out)
}
