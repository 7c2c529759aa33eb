package render_test

import (
	"context"
	"fmt"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

func Example() {
	set, err := render.Load(render.Options{})
	if err != nil {
		fmt.Println(err) // every mistake in every template, with its line
		return
	}
	facts := bridge.NewFacts(bridge.Event{Type: "CertificateAwarded", Source: "production"})
	facts["user"] = map[string]any{"firstName": "Mira", "lastName": "Halvorsen"}
	facts["course"] = map[string]any{"name": "Working at Height"}
	message, err := set.Template("CertificateAwarded").Message(context.Background(), facts)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(message.Level, message.Title)
	// Output: success Mira Halvorsen earned the certificate of Working at Height
}

func ExampleSet_Together() {
	set, err := render.Load(render.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	enrolled := func(learner, course string) bridge.Facts {
		return bridge.Facts{
			"event":  map[string]any{"type": "UserEnrolledInCourseByAdmin", "userId": "u-" + learner, "courseId": "c-" + course},
			"user":   map[string]any{"id": "u-" + learner, "firstName": learner},
			"course": map[string]any{"id": "c-" + course, "name": course},
		}
	}
	m, err := set.Together(context.Background(), []bridge.Facts{
		enrolled("Mira", "Ropes"), enrolled("Tomás", "Ropes"), enrolled("Mira", "Ladders"),
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Title)
	fmt.Println(m.Text)
	// Output:
	// 3 enrollments
	// - **Ropes**: 2 (Mira and Tomás)
	// - **Ladders**: Mira
}

func ExampleSet_Story() {
	set, err := render.Load(render.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	user, course := map[string]any{"firstName": "Mira"}, map[string]any{"name": "Ropes"}
	m, err := set.Story(context.Background(), []bridge.Facts{
		{"event": map[string]any{"type": "CertificateAwarded"}, "user": user, "course": course},
		{"event": map[string]any{"type": "EnrollmentCompletedByLearner"}, "user": user, "course": course},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Title)
	fmt.Println(m.Fields[0].Name, m.Fields[0].Value)
	// Output:
	// Mira completed Ropes
	// Certificate awarded
}
