package admin

import (
	"maps"
	"slices"
)

// Patterns are those of the API's handlers.
func Patterns() []string { return slices.Sorted(maps.Keys(NewService(Options{}).routes())) }
