package engine

import (
	"maps"
	"strings"
)

// The ways of printing a value, by where its template stands.
const (
	PlainPrinting    = "plain"
	MarkdownPrinting = "markdown"
	PathPrinting     = "path"
	URLPrinting      = "url"
	jsonPrinting     = "json"
)

// NativePrinting is the way of printing in native parts for a sink type.
func NativePrinting(sinkType string) string { return "native " + sinkType }

func printers(escape map[string]func(string) string) map[string]printer {
	all := map[string]printer{
		PlainPrinting: printPlain, MarkdownPrinting: printMarkdown, PathPrinting: printPath, URLPrinting: printURL,
	}
	maps.Copy(all, bodyPrinters())
	for sinkType, f := range escape {
		if f != nil {
			all[NativePrinting(sinkType)] = printNative(f)
		}
	}
	return all
}

// Platforms are the sink types that native parts may be for.
func (c *Compiler) Platforms() []string {
	var all []string
	for printing := range maps.Keys(c.printers) {
		if platform, ok := strings.CutPrefix(printing, NativePrinting("")); ok {
			all = append(all, platform)
		}
	}
	return all
}

// Prints tells whether the compiler has a way of printing.
func (c *Compiler) Prints(printing string) bool { return c.printers[printing] != nil }
