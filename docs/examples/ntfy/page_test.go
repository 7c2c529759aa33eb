package ntfy

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestPage: the code that docs/adding-a-sink.md quotes is the code here.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../adding-a-sink.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, file := range []string{"ntfy.go", "encode.go", "ntfy_test.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(text)
	}
	quotes := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	for _, quote := range quotes {
		if !strings.Contains(code.String(), quote[1]) {
			t.Errorf("the page quotes what is not in the code:\n%s", quote[1])
		}
	}
	if len(quotes) < 6 {
		t.Errorf("the page has only %d quotes", len(quotes))
	}
}
