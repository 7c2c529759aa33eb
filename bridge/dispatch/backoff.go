package dispatch

import (
	"math/rand/v2"
	"time"
)

// Backoff of one delivery that failed temporarily.
const (
	firstRetry = 5 * time.Second
	lastRetry  = 15 * time.Minute
)

// probeAfter is the wait before a broken destination that failed so many probes is
// probed again.
func probeAfter(probes int) time.Duration {
	return min(firstProbe<<min(probes, 10), lastProbe)
}

// backoff is the longest wait before a delivery that failed so many times is
// tried again: 5 s, doubling, at most 15 min.
func backoff(failures int) time.Duration {
	d := firstRetry
	for range failures - 1 {
		if d *= 2; d >= lastRetry {
			return lastRetry
		}
	}
	return d
}

// jitter spreads retries over the whole of a wait, so that what failed together
// is not tried again together.
func jitter(d time.Duration) time.Duration { return rand.N(d) + 1 }
