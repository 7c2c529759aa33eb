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

// plainKey matches the keys whose values may be shown. The value of any other key, also
// of a mistyped one, may be a secret.
var plainKey = regexp.MustCompile(`^(?:listen|store|templates|timezone|locale|zone|date_layout|keep|keep_dead|give_up|level|format|path|secret_encoding|signature|` +
	`expect|taken|refused|status|words|json|` +
	`server|priority|tags|markdown|firebase|delay|filename|chat|topic_id|silent|preview|devices|sound|room|notice|` +
	`user_agent|portal|links|course|online_course|instructor_led_course|course_bundle|curriculum|user|certificate|department|region|username|rate|burst|budget|on_failure|cache|scheme|limit|type|stream|smtp|from|to|name|events|sources|when|method|content_type|channel|digest|wait|max_wait|max_events|group|at|story|quiet|hours|days|thread|update|within|` +
	`ca|client_cert|trusted_proxies|session|issuer|client_id|token_url|scopes|claim|view|operate|header|enabled|window|every|after|by|dedupe|memory|max_age|max_body|body_time|connections|per_address|catch_up|redact)$`)

// credentials matches a password in a URL, in something similar to a URL, or in the
// connection settings of a database.
var credentials = regexp.MustCompile(`(?i):[^\s]*@|://.*@|password|\b(?:pass|pwd|secret|token)\w*\s*=[^=]`)

// asReference matches a reference to the environment or a file, which is not secret. Its
// default may be secret, so it does not match.
var asReference = regexp.MustCompile(`\$\{(?:file:)?[^}:]*\}`)

// maskedLines returns the lines of a file with possible secrets replaced by stars. The
// lines keep their length, so that columns stay correct. It works on tokens, because a
// file that is not valid YAML contains secrets too.
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

// tokenize calls the library. ok is false if the library panics.
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
	shown := false     // whether values of the last key are shown
	condition := false // whether that key takes an expression
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

// longCondition reports whether a token is an expression, which may have several lines,
// and not a text without a closing quote that includes the keys after it.
func longCondition(tk *token.Token) bool {
	return tk.Type != token.InvalidType && !credentials.MatchString(tk.Value) && !strings.Contains(tk.Value, ":")
}

// structure are the tokens that separate values.
var structure = []token.Type{
	token.MappingValueType, token.MappingKeyType, token.MappingStartType, token.MappingEndType,
	token.SequenceEntryType, token.SequenceStartType, token.SequenceEndType, token.CollectEntryType, token.DocumentHeaderType, token.DocumentEndType,
}

// isKey reports whether a token is a key, and not a value that contains a colon.
func isKey(tk *token.Token, before token.Token) bool {
	switch before.Type {
	case token.UnknownType, token.MappingStartType, token.CollectEntryType, token.SequenceEntryType, token.SequenceStartType:
		return true
	case token.InvalidType:
		return false
	}
	return before.Position.Line < tk.Position.Line
}

// stars hides the text between two positions, except for references.
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

// hidden replaces each letter by a star, except in references.
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
