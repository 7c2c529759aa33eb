// Package sinks is the one list of sink types. Adding a sink is a folder of its
// own beside this file and a line here.
package sinks

import (
	"github.com/absorb-bridge/absorb-bridge/sinks/console"
	"github.com/absorb-bridge/absorb-bridge/sinks/discord"
	"github.com/absorb-bridge/absorb-bridge/sinks/email"
	"github.com/absorb-bridge/absorb-bridge/sinks/googlechat"
	"github.com/absorb-bridge/absorb-bridge/sinks/gotify"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/sinks/matrix"
	"github.com/absorb-bridge/absorb-bridge/sinks/mattermost"
	"github.com/absorb-bridge/absorb-bridge/sinks/ntfy"
	"github.com/absorb-bridge/absorb-bridge/sinks/pushover"
	"github.com/absorb-bridge/absorb-bridge/sinks/rocketchat"
	"github.com/absorb-bridge/absorb-bridge/sinks/shoutrrr"
	"github.com/absorb-bridge/absorb-bridge/sinks/slack"
	"github.com/absorb-bridge/absorb-bridge/sinks/teams"
	"github.com/absorb-bridge/absorb-bridge/sinks/telegram"
	"github.com/absorb-bridge/absorb-bridge/sinks/webhook"
	"github.com/absorb-bridge/absorb-bridge/sinks/zulip"
)

// Types gives every type of sink by the name that the configuration uses.
func Types() map[string]kit.Type {
	return map[string]kit.Type{
		"console":    console.Type(),
		"discord":    kit.OverHTTP(discord.Type()),
		"email":      email.Type(),
		"googlechat": kit.OverHTTP(googlechat.Type()),
		"gotify":     kit.OverHTTP(gotify.Type()),
		"matrix":     kit.OverHTTP(matrix.Type()),
		"mattermost": kit.OverHTTP(mattermost.Type()),
		"ntfy":       kit.OverHTTP(ntfy.Type()),
		"pushover":   kit.OverHTTP(pushover.Type()),
		"rocketchat": kit.OverHTTP(rocketchat.Type()),
		"shoutrrr": shoutrrr.Type(shoutrrr.Builders{
			"gotify": gotify.New, "matrix": matrix.New, "ntfy": ntfy.New, "pushover": pushover.New, "telegram": telegram.New, "zulip": zulip.New,
		}),
		"slack":    kit.OverHTTP(slack.Type()),
		"teams":    kit.OverHTTP(teams.Type()),
		"telegram": kit.OverHTTP(telegram.Type()),
		"webhook":  kit.OverHTTP(webhook.Type()),
		"zulip":    kit.OverHTTP(zulip.Type()),
	}
}
