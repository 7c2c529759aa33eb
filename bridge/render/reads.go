package render

import "github.com/absorb-bridge/absorb-bridge/bridge"

// Reads are the fields of the facts that the templates of the set read, and the texts
// compiled with it.
func (s *Set) Reads() *bridge.Reads { return s.compiler.reads }

// noteReads adds what the actions of a template read.
func (c *compiler) noteReads(text string) {
	if c.reads == nil {
		return
	}
	for _, action := range placeholder.FindAllString(text, -1) {
		c.reads.Note(action)
	}
}
