package engine

import (
	"regexp"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// noteReads adds what the actions of a template read.
func (c *Compiler) noteReads(text string) {
	if c.reads == nil {
		return
	}
	for _, action := range placeholder.FindAllString(text, -1) {
		c.reads.Note(action)
	}
}

// Reads are the fields of the facts that the texts of the compiler read.
func (c *Compiler) Reads() *bridge.Reads { return c.reads }

// WithoutReads is a compiler for drafts: what its texts read is not noted.
func (c *Compiler) WithoutReads() *Compiler {
	other := *c
	other.reads = nil
	return &other
}

// placeholder is a value in a text.
var placeholder = regexp.MustCompile(`(?s)\{\{.*?\}\}`)

// Literal is the text of a template with * in place of each value.
func Literal(text string) string { return placeholder.ReplaceAllString(text, "*") }
