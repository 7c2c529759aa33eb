package config

import (
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// nativeFaults adapts a sink type's check of native parts to package render.
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
