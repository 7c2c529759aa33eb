//go:build !race

package dispatch

// raceEnabled tells whether the race detector watches.
const raceEnabled = false
