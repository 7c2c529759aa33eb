//go:build race

package render

// raceEnabled tells whether the tests run with the race detector.
const raceEnabled = true
