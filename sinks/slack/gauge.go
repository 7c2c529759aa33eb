package slack

import (
	"encoding/json"

	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// gauges are those of Slack's limits that a message as a whole comes near to.
func gauges(body []byte) []kit.Gauge {
	var message struct {
		Blocks []json.RawMessage `json:"blocks"`
	}
	if json.Unmarshal(body, &message) != nil {
		return nil
	}
	used := 0
	for _, block := range message.Blocks {
		used += kit.MeasureTexts(block, kit.Runes, "text")
	}
	return []kit.Gauge{
		{What: "text of all blocks", Used: used, Most: maxBlocksText, Unit: "characters"},
		{What: "blocks", Used: len(message.Blocks), Most: maxBlocks, Unit: "blocks"},
	}
}
