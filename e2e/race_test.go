//go:build race

package e2e

// raceEnabled tells whether the race detector watches; then the binary has it, too.
const raceEnabled = true
