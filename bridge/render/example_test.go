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
