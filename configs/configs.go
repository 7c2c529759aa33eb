// Package configs holds what describes bridge.yaml and templates to editors.
// bridge.yaml here is the commented one to start from.
package configs

import _ "embed"

// Bridge is the JSON schema of bridge.yaml. A test of package config writes it.
//
//go:embed bridge.schema.json
var Bridge string

// Template is the JSON schema of an event's template. A test of package render
// writes it.
//
//go:embed template.schema.json
var Template string
