//go:build !race

package pages_test

// raceEnabled tells whether the race detector watches.
const raceEnabled = false
