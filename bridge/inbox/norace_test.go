//go:build !race

package inbox

// raceEnabled tells whether the race detector watches.
const raceEnabled = false
