package teams

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// maxMentions is how many people a card tells at most.
const maxMentions = 20

// entities are the people of the table whom a message mentions.
func (s *Sink) entities(m bridge.Message) []entity {
	var all []entity
	for _, id := range s.mentions.Mentioned(m) {
		i := slices.IndexFunc(m.Mentions, func(p bridge.Person) bool {
			of, _ := s.mentions.ID(p)
			return of == id
		})
		name := plainName(m.Mentions[i].Name)
		if slices.ContainsFunc(all, func(e entity) bool { return e.Mentioned.Name == name }) {
			name = fmt.Sprintf("%s %d", name, len(all)+1) // the text tells mentions apart
		}
		all = append(all, entity{Type: "mention", Text: "<at>" + name + "</at>", Mentioned: mentioned{ID: id, Name: name}})
		if len(all) == maxMentions {
			break
		}
	}
	return all
}

// plainName is a name without anything that a text block could take for markup.
func plainName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.L, unicode.M, unicode.N) || strings.ContainsRune(" .'’-", r) {
			return r
		}
		return -1
	}, bridge.CleanLine(name))
	name, _ = kit.Shorten(strings.TrimLeft(bridge.CleanLine(name), "-"), maxName/2, kit.JSONBytes)
	if name == "" {
		return "somebody"
	}
	return name
}

// mentionLine is where a card mentions people: only text blocks can.
func mentionLine(all []entity) []element {
	if len(all) == 0 {
		return nil
	}
	texts := make([]string, len(all))
	for i, e := range all {
		texts[i] = e.Text
	}
	return []element{{Type: "TextBlock", Text: strings.Join(texts, " "), Wrap: true}}
}
