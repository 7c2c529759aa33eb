package engine

import "github.com/absorb-bridge/absorb-bridge/bridge/value"

// patternFunctions work by regular expressions.
func patternFunctions() map[string]function {
	return map[string]function{
		"regexMatch": {regexMatch, value.Free}, "regexFind": {regexFind, value.Free}, "regexReplaceAll": {regexReplaceAll, value.Free},
	}
}

func regexMatch(s *Scope, pattern, in string) (bool, error) {
	p, err := s.budget.Pattern(pattern)
	if err != nil {
		return false, err
	}
	return p.Match(s.budget, in)
}

func regexFind(s *Scope, pattern, in string) (string, error) {
	p, err := s.budget.Pattern(pattern)
	if err != nil {
		return "", err
	}
	return p.Find(s.budget, in)
}

func regexReplaceAll(s *Scope, pattern, in, by string) (string, error) {
	p, err := s.budget.Pattern(pattern)
	if err != nil {
		return "", err
	}
	return p.Replace(s.budget, in, by)
}
