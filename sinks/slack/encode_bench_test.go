package slack

import (
	"testing"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// BenchmarkEncode writes one message of an event in Block Kit.
func BenchmarkEncode(b *testing.B) {
	m := bridge.Message{
		Level: bridge.LevelSuccess, Title: "Ada Lovelace completed Forklift Basics & Beyond", URL: "https://learning.example.com/#/online-courses/1",
		Fields: []bridge.Field{
			{Name: "Score", Value: "97.5 %", Short: true}, {Name: "Completed", Value: "23 Nov 2026, 14:02 UTC", Short: true},
			{Name: "Other IDs", Value: "enrollmentId: 80000000-0000-4000-a000-000000000001"},
		},
		Footer: "incomplete", Time: time.Date(2026, 11, 23, 14, 2, 0, 0, time.UTC),
	}
	s := &Sink{}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Encode(m); err != nil {
			b.Fatal(err)
		}
	}
}
