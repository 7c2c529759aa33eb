package wall

// maxRemembered is how many requests a memory holds.
const maxRemembered = 100_000

// memory is what a platform that knows a request again remembers of the earlier
// ones. Its owner guards it.
type memory struct {
	answers map[string]answer
	order   []string // the keys of answers, oldest first
}

// once judges a request, or gives the answer of then if one of this id was
// accepted before. An id of "" is none.
func (m *memory) once(id string, judge func() outcome) outcome {
	if earlier, ok := m.answers[id]; ok {
		return outcome{answer: earlier, repeated: true}
	}
	o := judge()
	if !o.accepted() || id == "" {
		return o
	}
	if m.answers == nil {
		m.answers = map[string]answer{}
	}
	m.answers[id] = o.answer
	m.order = append(m.order, id)
	if len(m.order) > maxRemembered {
		delete(m.answers, m.order[0])
		m.order = m.order[1:]
	}
	return o
}
