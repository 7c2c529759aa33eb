package dispatch

import (
	"context"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

// Draft writes the message of deliveries by templates that are not in use: one's
// own, or that of several together, as a digest, or as a story.
func (c *Composer) Draft(ctx context.Context, templates *render.Set, all []bridge.Delivery, story bool) (bridge.Message, error) {
	d := *c
	d.messages, d.wording = NewMessages(), Wording{Templates: templates}
	i := item{deliveries: all}
	if story {
		i.parcel.Key = storyKey(bridge.Event{})
	}
	return d.together(ctx, i)
}
