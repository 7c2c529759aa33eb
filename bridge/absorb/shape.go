package absorb

import "fmt"

const (
	maxDepth = 32     // nested objects and lists
	maxMarks = 25_000 // commas, colons and brackets in a body, which has about half as many values
)

// jsonShape is the shape of a JSON text before it is decoded; for an invalid text it is
// arbitrary.
type jsonShape struct {
	depth int // how deep it is nested
	marks int // commas, colons and opening brackets outside of texts
}

func shapeOf(data []byte) (s jsonShape) {
	now, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{', c == '[':
			now++
			s.marks++
			s.depth = max(s.depth, now)
		case c == '}', c == ']':
			now--
		case c == ',', c == ':':
			s.marks++
		}
	}
	return s
}

// problem says why a text is not decoded; "" if it is.
func (s jsonShape) problem() string {
	switch {
	case s.depth > maxDepth:
		return fmt.Sprintf("nests more than %d objects and lists", maxDepth)
	case s.marks > maxMarks:
		return fmt.Sprintf("has more than %d commas, colons and brackets", maxMarks)
	}
	return ""
}

// The memory that decoding and storing a body takes, in bytes; TestCost measures it.
const (
	perByte  = 8
	perMark  = 512
	perEvent = 2 << 10
)

// Cost is an upper limit of the memory that Parse needs for a body, and the store for
// its events. It counts texts, too: they may be JSON.
func Cost(body []byte) int64 {
	marks, objects := 0, 1
	for _, c := range body {
		switch c {
		case ',', ':', '[':
			marks++
		case '{':
			marks++
			objects++
		}
	}
	return int64(perByte*len(body) + perMark*marks + perEvent*min(objects, maxEvents))
}
