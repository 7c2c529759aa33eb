package pages_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/templates"
)

// BenchmarkWorkshopPreview is what a pause in typing costs: a text compiled, looked
// up, written, and drawn for every platform.
func BenchmarkWorkshopPreview(b *testing.B) {
	s, _ := workshopStage(b)
	text, err := templates.Files.ReadFile("enrollment-completed-by-learner.yaml")
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range []string{"single", "digest"} {
		b.Run(kind, func(b *testing.B) {
			form := url.Values{"event": {"EnrollmentCompletedByLearner"}, "text": {string(text)}, "kind": {kind}, "copies": {"100"}}
			for b.Loop() {
				if status, _, _ := s.ask(b, http.MethodPost, "/workshop/preview", form, "Accept", "application/json"); status != http.StatusOK {
					b.Fatal(status)
				}
			}
		})
	}
}
