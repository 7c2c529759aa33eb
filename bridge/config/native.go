package config

import (
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// nativeFaults puts a sink type's check of native parts into the terms of package
// render.
func nativeFaults(t kit.Type) func(map[string]any) []render.Fault {
	if t.CheckNative == nil {
		return nil
	}
	return func(part map[string]any) []render.Fault {
		var faults []render.Fault
		for _, e := range kit.SettingErrors(t.CheckNative(part)) {
			faults = append(faults, render.Fault{Key: e.Key, Message: e.Problem, Warning: e.Warning})
		}
		return faults
	}
}
