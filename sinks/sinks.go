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
		"discord":    discord.Type(),
		"email":      email.Type(),
		"googlechat": googlechat.Type(),
		"gotify":     gotify.Type(),
		"matrix":     matrix.Type(),
		"mattermost": mattermost.Type(),
		"ntfy":       ntfy.Type(),
		"pushover":   pushover.Type(),
		"rocketchat": rocketchat.Type(),
		"shoutrrr": shoutrrr.Type(shoutrrr.Builders{
			"gotify": gotify.New, "matrix": matrix.New, "ntfy": ntfy.New, "pushover": pushover.New, "telegram": telegram.New, "zulip": zulip.New,
		}),
		"slack":    slack.Type(),
		"teams":    teams.Type(),
		"telegram": telegram.Type(),
		"webhook":  webhook.Type(),
		"zulip":    zulip.Type(),
	}
}
