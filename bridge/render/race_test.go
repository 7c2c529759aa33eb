//go:build race

package render

// raceEnabled: the race detector makes these tests dear, so they do less.
const raceEnabled = true
