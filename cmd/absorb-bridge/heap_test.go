package main

import (
	"fmt"
	"testing"
)

// A small heap may grow fivefold, a larger one by 32 MiB, and one above that by half.
func TestTheHeapGrowsByABoundedAmount(t *testing.T) {
	const mib = 1 << 20
	for used, most := range map[uint64]uint64{0: 0, mib: 5, 8 * mib: 40, 16 * mib: 48, 32 * mib: 64, 64 * mib: 96, 100 * mib: 150} {
		t.Run(fmt.Sprint(used/mib), func(t *testing.T) {
			if got := used * uint64(100+gcPercent(used)) / 100; got != most*mib {
				t.Errorf("a heap of %d MiB may have %d bytes, want %d MiB", used/mib, got, most)
			}
		})
	}
}
