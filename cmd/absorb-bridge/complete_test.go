package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/configs"
)

func TestSchema(t *testing.T) {
	for args, want := range map[string]string{"schema": configs.Bridge, "schema config": configs.Bridge, "schema template": configs.Template} {
		r := do(t, args)
		if r.want(t, 0); r.out != want || !json.Valid([]byte(r.out)) {
			t.Errorf("%s prints %.200s", args, r.out)
		}
	}
	do(t, "schema words").want(t, 2, `"words"`)
}

// TestCompletion asks as a shell does. The configuration's environment is not set.
func TestCompletion(t *testing.T) {
	path := writeConfig(t, `
sources: { production: { path: /a, secrets: [ "${NOT_SET}" ] }, sandbox: {} }
sinks: { academy: { type: slack, webhook_url: "${NOT_SET}" }, hr: }
routes: [ { name: everything } ]
`)
	for line, want := range map[string]string{
		"send --config " + path + " --sink ":              "academy hr",
		"send --event ":                                   "all UserCreated CertificateAwarded",
		"preview --config " + path + " --sink ":           "all academy hr slack console",
		"emit --event ":                                   "all UserCreated",
		"emit --encoding ":                                "hex base64",
		"emit --webhooks ":                                "lean full",
		"demo --webhooks ":                                "lean full",
		"test-window --config " + path + " ":              "production sandbox",
		"deliveries --config " + path + " --sink ":        "academy hr",
		"deliveries --state ":                             "pending sent dead cancelled orphaned",
		"deliveries move --config " + path + " --to ":     "academy hr",
		"deliveries retry --config " + path + " --route ": "everything",
		"events --config " + path + " --source ":          "production sandbox",
		"events --state ":                                 "waiting routed unrouted",
		"catch-up --config " + path + " --source ":        "production sandbox",
		"schema ": "config template",
	} {
		r := doContext(t.Context(), append([]string{"__complete"}, strings.Split(line, " ")...)...)
		offered := strings.Fields(r.out)
		for _, word := range strings.Fields(want) {
			if !slices.Contains(offered, word) {
				t.Errorf("%q offers %q, want %s", line, offered, want)
			}
		}
	}
	doContext(t.Context(), "__complete", "send", "--config", "nowhere.yaml", "--sink", "").want(t, 0, ":4")
	for _, shell := range []string{"bash", "zsh", "fish"} {
		do(t, "completion "+shell).want(t, 0, "absorb-bridge")
	}
}
