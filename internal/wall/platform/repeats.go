package platform

// MaxRemembered is how many earlier requests or messages a platform remembers.
const MaxRemembered = 100_000

// Repeats is what a platform that knows a request again remembers of the earlier
// ones. Its owner guards it.
type Repeats struct {
	answers map[string]Answer
	order   []string // the keys of answers, oldest first
}

// Once judges a request, or gives the answer of then if one of this id was
// accepted before. An id of "" is none.
func (m *Repeats) Once(id string, judge func() Outcome) Outcome {
	if earlier, ok := m.answers[id]; ok {
		return Outcome{Answer: earlier, Repeated: true}
	}
	o := judge()
	if !o.Accepted() || id == "" {
		return o
	}
	if m.answers == nil {
		m.answers = map[string]Answer{}
	}
	m.answers[id] = o.Answer
	m.order = append(m.order, id)
	if len(m.order) > MaxRemembered {
		delete(m.answers, m.order[0])
		m.order = m.order[1:]
	}
	return o
}
