package budget

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
)

func newBudget(t *testing.T) *Budget {
	t.Helper()
	return New(t.Context(), Limits{What: "a test", Bytes: 2048, Steps: 100})
}

// left fails unless so much of a budget is left.
func left(t *testing.T, when string, b *Budget, bytes, steps int) {
	t.Helper()
	if haveBytes, haveSteps := b.Left(); haveBytes != bytes || haveSteps != steps {
		t.Errorf("%s: %d bytes and %d steps are left, want %d and %d", when, haveBytes, haveSteps, bytes, steps)
	}
}

// TestCosts takes one cost off a whole budget: what fits is taken, and what does not is
// refused with the limit's words and takes nothing.
func TestCosts(t *testing.T) {
	for name, c := range map[string]struct {
		take         func(*Budget) error
		bytes, steps int // that are left
		err          string
	}{
		"bytes":                     {func(b *Budget) error { return b.Bytes(3, 100) }, 1748, 100, ""},
		"all bytes":                 {func(b *Budget) error { return b.Bytes(1, 2048) }, 0, 100, ""},
		"no bytes":                  {func(b *Budget) error { return b.Bytes(0, math.MaxInt) }, 2048, 100, ""},
		"a negative number":         {func(b *Budget) error { return b.Bytes(-1, 100) }, 2048, 100, ""},
		"a byte too many":           {func(b *Budget) error { return b.Bytes(1, 2049) }, 2048, 100, "takes more than the 2 KiB of memory that a test may take"},
		"more than an int has":      {func(b *Budget) error { return b.Bytes(math.MaxInt/2, 3) }, 2048, 100, "of memory that a test may take"},
		"steps":                     {func(b *Budget) error { return b.Steps(40) }, 2048, 60, ""},
		"all steps":                 {func(b *Budget) error { return b.Steps(100) }, 2048, 0, ""},
		"a step too many":           {func(b *Budget) error { return b.Steps(101) }, 2048, 100, "takes more than the 100 steps that a test may take"},
		"negative steps":            {func(b *Budget) error { return b.Steps(-1) }, 2048, 100, "takes more than the 100 steps"},
		"a short text":              {func(b *Budget) error { return b.Read(1, 1) }, 2048, 99, ""},
		"a text, several times":     {func(b *Budget) error { return b.Read(1024, 3) }, 2048, 87, ""},
		"a text, endlessly":         {func(b *Budget) error { return b.Read(math.MaxInt, math.MaxInt) }, 2048, 100, "steps"},
		"a pattern on a short text": {func(b *Budget) error { p, _ := NewPattern("a"); _, err := p.Match(b, "aaa"); return err }, 2048, 99, ""},
		"a pattern on a long text": {func(b *Budget) error {
			p, _ := NewPattern("(a|b)*c")
			_, err := p.Find(b, strings.Repeat("a", 1<<20))
			return err
		}, 2048, 100, "steps"},
		"a pattern by a template": {func(b *Budget) error { _, err := b.Pattern("a"); return err }, 1024, 100, "memory"},
	} {
		b := newBudget(t)
		err := c.take(b)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %v, want %q", name, err, c.err)
		}
		if _, exceeded := errors.AsType[Exceeded](err); exceeded != (c.err != "") {
			t.Errorf("%s: %T", name, err)
		}
		left(t, name, b, c.bytes, c.steps)
	}
}

// TestUsedUp: a budget is one for all that is made. What is used up stays so, and what
// is cheaper than the rest still fits.
func TestUsedUp(t *testing.T) {
	b := newBudget(t)
	for range 4 {
		if err := errors.Join(b.Bytes(1, 512), b.Steps(25)); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if b.Bytes(1, 1) == nil || b.Steps(1) == nil || b.Read(1, 1) == nil {
			t.Fatal("it gives more than it has")
		}
	}
	if err := errors.Join(b.Bytes(0, 1), b.Steps(0)); err != nil {
		t.Errorf("what costs nothing: %v", err)
	}
	left(t, "used up", b, 0, 0)
	b = newBudget(t)
	if b.Bytes(1, 4096) == nil || b.Bytes(1, 2048) != nil {
		t.Error("what was refused is charged")
	}
}

// TestContext: steps end with the context, whatever is left, and a context carries its own
// budget, which one below it has, too, unless it has another one.
func TestContext(t *testing.T) {
	if From(t.Context()) != nil {
		t.Error("a budget out of nowhere")
	}
	ctx, cancel := context.WithCancel(With(t.Context(), Lookup()))
	outer := From(ctx)
	inner := From(With(ctx, Condition()))
	if outer == nil || inner == nil || inner == outer {
		t.Fatal("a new budget is the one around")
	}
	if err := inner.Steps(1000); err != nil {
		t.Fatal(err)
	}
	left(t, "the one around", outer, Lookup().Bytes, Lookup().Steps)
	left(t, "the new one", inner, Condition().Bytes, Condition().Steps-1000)
	b := New(ctx, Message())
	cancel()
	for name, err := range map[string]error{"steps": b.Steps(1), "no steps": b.Steps(0), "reading": b.Read(1, 1), "the one of a context below": inner.Steps(1)} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s after the end: %v", name, err)
		}
	}
	left(t, "after the end", b, Message().Bytes, Message().Steps)
}

// TestDigest: the limits grow with the events, up to an end.
func TestDigest(t *testing.T) {
	none, one, most, more := Digest(0), Digest(1), Digest(20_000), Digest(math.MaxInt)
	if none.Bytes != Message().Bytes || none.Steps != Message().Steps || one.Bytes <= none.Bytes || one.Steps <= none.Steps || more != most || most.Bytes <= one.Bytes {
		t.Errorf("%+v, %+v, %+v, %+v", none, one, most, more)
	}
}

// TestPatterns: a pattern is compiled once for each budget, gives what package regexp
// gives, and is refused when its program or what it makes would be too large.
func TestPatterns(t *testing.T) {
	b := New(t.Context(), Message())
	one, err := b.Pattern("(a+)b")
	if err != nil {
		t.Fatal(err)
	}
	before, _ := b.Left()
	if again, err := b.Pattern("(a+)b"); again != one || err != nil {
		t.Errorf("compiled again, or %v", err)
	}
	if after, _ := b.Left(); after != before {
		t.Errorf("%d bytes for a pattern that is there", before-after)
	}
	if got, err := one.Replace(b, "xaab ab", "<$1>"); got != "x<aa> <a>" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := one.Find(b, "xaab ab"); got != "aab" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := one.Match(b, "aac"); got || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := one.Replace(b, strings.Repeat("ab", 1<<12), strings.Repeat("$1", 1<<12)); err == nil || !strings.Contains(err.Error(), "a message may take") {
		t.Errorf("a text of many megabytes: %v", err)
	}
	for source, want := range map[string]string{
		"(a{100}){100}":            "invalid repeat count",
		"(?:abcd){999}":            "repeats too much",
		strings.Repeat("a", 1001):  "longer than 1000",
		"(":                        "missing closing )",
		strings.Repeat("[^a]", 30): "",
	} {
		for name, compile := range map[string]func(string) (*Pattern, error){"budget": New(t.Context(), Message()).Pattern, "configuration": NewPattern} {
			if _, err := compile(source); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %.20s: %v, want %q", name, source, err, want)
			}
		}
	}
}
