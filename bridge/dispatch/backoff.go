package dispatch

import (
	"math/rand/v2"
	"time"
)

// Bounds of the wait before a failed delivery is retried.
const (
	firstRetry = 5 * time.Second
	lastRetry  = 15 * time.Minute
)

// probeAfter returns how long to wait before the next probe of a broken destination, after so
// many failed probes.
func probeAfter(probes int) time.Duration {
	return min(firstProbe<<min(probes, 10), lastProbe)
}

// backoff returns the longest wait before a delivery is retried that failed so many times: 5
// s, doubling, at most 15 min.
func backoff(failures int) time.Duration {
	d := firstRetry
	for range failures - 1 {
		if d *= 2; d >= lastRetry {
			return lastRetry
		}
	}
	return d
}

// jitter returns a random part of a wait, so that deliveries that failed together are not
// retried together.
func jitter(d time.Duration) time.Duration { return rand.N(d) + 1 }
