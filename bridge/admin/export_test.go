package admin

import (
	"maps"
	"slices"
)

// Patterns returns the patterns of the API's handlers.
func Patterns() []string { return slices.Sorted(maps.Keys(NewService(Options{}).routes())) }
