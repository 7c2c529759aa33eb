package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// With Go's default the heap of a few MB only doubles between collections, which then take
// a tenth of the processor under load. Here the heap may grow by heapRoom, or by half if
// that is more, so a large heap does not become several times as large.
const (
	heapRoom     = 32 << 20
	mostPercent  = 400
	leastPercent = 50
)

// gcPercent returns the value of GOGC for a heap with so many bytes in use.
func gcPercent(used uint64) int {
	return int(min(mostPercent, max(leastPercent, 100*heapRoom/max(used, 1))))
}

// heapPacer is an unreachable object, so Go finalizes it at each collection.
type heapPacer struct {
	ctx     context.Context
	percent int // the last value set
}

// paceHeap sets the heap's growth after each collection, until the context ends. If GOGC
// is set, it does nothing.
func paceHeap(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	(&heapPacer{ctx: ctx}).adapt()
}

func (p *heapPacer) adapt() {
	if p.ctx.Err() != nil {
		return
	}
	used := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(used)
	if percent := gcPercent(used[0].Value.Uint64()); percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
	runtime.SetFinalizer(p, (*heapPacer).adapt)
}
