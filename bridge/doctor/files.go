package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
	"github.com/absorb-bridge/absorb-bridge/sinks"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/absorb-bridge/absorb-bridge/templates"
)

// permissions checks who else can read secrets or change the configuration.
func (e *examination) permissions(context.Context) Finding {
	const check = "permissions"
	var open []string
	look := func(name string, bits fs.FileMode, what string) {
		if info, err := os.Stat(name); err == nil && info.Mode().Perm()&bits != 0 {
			open = append(open, name+" "+what)
		}
	}
	look(e.config.Files[0], 0o022, "can be changed by other users")
	if e.hasSecrets() {
		look(e.config.Files[0], 0o004, "has secrets, and everybody can read it")
	}
	for _, name := range e.config.Files[1:] {
		if !strings.HasPrefix(name, "/run/") { // mounted by an orchestrator for this process only
			look(name, 0o006, "is a secret, and everybody can read it")
		}
	}
	look(filepath.Join(filepath.Dir(e.Path), ".env"), 0o006, "has secrets, and everybody can read it")
	look(e.config.Store.Reveal(), 0o006, "has names and tokens, and everybody can read it")
	if len(open) > 0 {
		return warn(check, "run chmod 600 on these files, and chown them to the user that runs the bridge", "%s", strings.Join(open, "; "))
	}
	return ok(check, "no other user can read secrets or change the configuration")
}

// hasSecrets reports whether the configuration file itself contains a secret.
func (e *examination) hasSecrets() bool {
	text, err := os.ReadFile(e.config.Files[0])
	if err != nil {
		return false
	}
	secrets := []bridge.Secret{e.config.Admin.Token}
	for _, s := range e.config.Sources {
		secrets = append(secrets, s.Secrets...)
		if s.API != nil {
			secrets = append(secrets, s.API.Key, s.API.Password)
		}
	}
	for _, s := range e.config.Sinks {
		for _, f := range kit.Fields(sinks.Types()[s.Type].Config) {
			if value, is := s.Settings[f.Key].(string); is && f.Secret {
				secrets = append(secrets, bridge.Secret(value))
			}
		}
	}
	return slices.ContainsFunc(secrets, func(s bridge.Secret) bool { return len(s) >= 8 && strings.Contains(string(text), s.Reveal()) })
}

// templates checks the admin's own templates: that they are readable, and which of them
// lack sections of the current built-in templates. Errors in them are findings of the
// configuration.
func (e *examination) templates(context.Context) Finding {
	const check = "templates"
	if e.config.Templates == "" {
		return ok(check, "only the built-in ones")
	}
	files, err := filepath.Glob(filepath.Join(e.config.Templates, "*.y*ml"))
	if _, unread := os.ReadDir(e.config.Templates); err != nil || unread != nil {
		return fail(check, "create the folder, or let the user that runs the bridge read it", "%s cannot be read", e.config.Templates)
	}
	builtIn := builtInKeys()
	var odd []string
	n := 0
	for _, file := range files {
		name := filepath.Base(file)
		if name == "words.yaml" {
			continue
		}
		n++
		own, event := keysOf(os.ReadFile(file))
		if event == "" {
			event = builtIn[name].event
		}
		if !absorb.Known(event) && event != "*" {
			odd = append(odd, fmt.Sprintf("%s is for %s, which is not one of Absorb's events%s", name, event, bridge.DidYouMean(event, eventNames())))
			continue
		}
		if missing := builtIn.lacking(absorb.Canonical(event), own); len(missing) > 0 {
			odd = append(odd, fmt.Sprintf("%s has no %s, but the built-in template has", name, strings.Join(missing, ", ")))
		}
	}
	if len(odd) > 0 {
		return warn(check, "compare them with the built-in templates of this version", "%s: %s", e.config.Templates, strings.Join(odd, "; "))
	}
	return ok(check, "%d of your own in %s", n, e.config.Templates)
}

func eventNames() (all []string) {
	for _, e := range absorb.Events() {
		all = append(all, e.Name)
	}
	return all
}

// outline is the event of a template, and its sections.
type outline struct {
	event string
	keys  []string
}

type outlines map[string]outline // by file

func builtInKeys() outlines {
	all := outlines{}
	files, _ := fs.Glob(templates.Files, "*.yaml") // the pattern is right
	for _, name := range files {
		keys, event := keysOf(fs.ReadFile(templates.Files, name))
		all[name] = outline{event, keys}
	}
	return all
}

func keysOf(text []byte, err error) (keys []string, event string) {
	var file map[string]any
	if err != nil || yaml.Unmarshal(text, &file) != nil {
		return nil, ""
	}
	for key := range file {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	event, _ = file["event"].(string)
	return keys, event
}

// lacking returns the sections of an event's built-in template that are not among keys.
func (o outlines) lacking(event string, keys []string) (missing []string) {
	for _, known := range o {
		if absorb.Canonical(known.event) != event {
			continue
		}
		for _, key := range known.keys {
			if !slices.Contains(keys, key) && key != "sample" && key != "event" && key != "lookups" {
				missing = append(missing, key)
			}
		}
	}
	return missing
}
