package email

import (
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/sinks/sinktest"
)

func TestReadme(t *testing.T) {
	text := sinktest.Readme(t, New, nil)
	for mechanism := range mechanisms() {
		if !strings.Contains(text, "`"+mechanism+"`") {
			t.Errorf("the mechanism %s is not described", mechanism)
		}
	}
	for scheme := range schemes() {
		if !strings.Contains(text, "`"+scheme+"://") {
			t.Errorf("the scheme %s is not described", scheme)
		}
	}
}
