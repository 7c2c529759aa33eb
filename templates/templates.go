// Package templates holds the built-in wording of every event, one YAML file
// each, and generic.yaml for events that have none. words.yaml has what functions
// write. Each folder is a translation. docs/templates.md says how such files are
// written.
package templates

import "embed"

// Files are the YAML files, by name; translations are in folders.
//
//go:embed *.yaml */*.yaml
var Files embed.FS
