package absorb

import "fmt"

const (
	maxDepth = 32     // of objects and lists inside each other
	maxMarks = 25_000 // commas, colons and brackets in one body, which has about half as many values
)

// jsonShape is what a JSON text is like before it is decoded: for a broken one, some
// numbers.
type jsonShape struct {
	depth int // how deep it nests
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

// problem says why a text is not decoded; "" when it is.
func (s jsonShape) problem() string {
	switch {
	case s.depth > maxDepth:
		return fmt.Sprintf("nests more than %d objects and lists", maxDepth)
	case s.marks > maxMarks:
		return fmt.Sprintf("has more than %d commas, colons and brackets", maxMarks)
	}
	return ""
}

// What decoding and storing a body takes, in bytes: TestCost measures it.
const (
	perByte  = 8
	perMark  = 512
	perEvent = 2 << 10
)

// Cost bounds the memory that Parse needs for a body, and the store for its events.
// Texts count like the rest: they may be JSON, too.
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
