//go:build race

package engine

// raceEnabled tells whether the tests run with the race detector.
const raceEnabled = true
