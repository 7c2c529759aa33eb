// Package templates holds the built-in wording of every event, one YAML file
// each, and generic.yaml for events that have none. docs/templates.md says how
// such a file is written.
package templates

import "embed"

// Files are the YAML files, by name.
//
//go:embed *.yaml
var Files embed.FS
