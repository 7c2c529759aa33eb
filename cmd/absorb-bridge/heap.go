package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Collections take a tenth of the processor under load if Go's default lets the heap of
// a few MB grow only twofold. It may grow by heapRoom until the next one, or by half if
// that is more: a heap that is large already must not become several times as large.
const (
	heapRoom     = 32 << 20
	mostPercent  = 400
	leastPercent = 50
)

// gcPercent is the growth of a heap that has so many bytes in use, as GOGC has it.
func gcPercent(used uint64) int {
	return int(min(mostPercent, max(leastPercent, 100*heapRoom/max(used, 1))))
}

// heapPacer is an object that nothing refers to, so that Go finds it at each collection.
type heapPacer struct {
	ctx     context.Context
	percent int // that was set last
}

// paceHeap sets after each collection how much the heap may grow until the next one, as
// long as the context lives. It leaves that to GOGC if that is set.
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
