package discord

import (
	"encoding/json"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// gauges are those of Discord's limits that a message as a whole comes near to.
func gauges(body []byte) []kit.Gauge {
	var message struct {
		Embeds []struct {
			Description string            `json:"description"`
			Fields      []json.RawMessage `json:"fields"`
		} `json:"embeds"`
	}
	if json.Unmarshal(body, &message) != nil || len(message.Embeds) == 0 {
		return nil
	}
	first := message.Embeds[0]
	return []kit.Gauge{
		{What: "all texts", Used: kit.MeasureTexts(body, kit.UTF16, "title", "description", "name", "value", "text"), Most: maxEmbed, Unit: "characters"},
		{What: "description", Used: kit.UTF16(first.Description), Most: maxDescription, Unit: "characters"},
		{What: "fields", Used: len(first.Fields), Most: maxFields, Unit: "fields"},
	}
}
