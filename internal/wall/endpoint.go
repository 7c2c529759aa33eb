package wall

import (
	"io"
	"net/http"
	"slices"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// fails tells whether a fault is one of the platform's: bots and webhooks of one
// name fail in their own words.
func fails(p *platform.Platform, f Fault) bool {
	_, own := p.Errors[f.Mode]
	return own || slices.Contains(platform.HTTPModes(), f.Mode)
}

// endpoint is where a platform takes messages.
func (w *Wall) endpoint(p *platform.Platform) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		// The body is read first, so that the server notices when the client of a
		// request that hangs gives up.
		body, err := io.ReadAll(io.LimitReader(r.Body, platform.MaxBody+1))
		if err != nil {
			return
		}
		if p.Parse != nil && len(body) <= platform.MaxBody {
			body = p.Parse(r, body)
		}
		if f, ok := w.faults.next(p.Name, func(f Fault) bool { return fails(p, f) }); ok {
			w.fail(rw, r, p, f, body)
			return
		}
		w.judge(p, r, body).Write(rw)
	})
}

// judge is what the platform does with a message when nothing is broken.
func (w *Wall) judge(p *platform.Platform, r *http.Request, body []byte) platform.Answer {
	address := p.Address(r, body)
	withHeaders := func(a platform.Answer) platform.Answer {
		if p.AddHeaders == nil {
			return a
		}
		return p.AddHeaders(a, address)
	}
	if w.limits {
		if wait := p.Quota.Take(address, w.now()); wait > 0 {
			return withHeaders(w.record(p, address, body, platform.Outcome{Answer: p.Limited(wait)}))
		}
	}
	if refusal := p.Authorize(r); refusal != nil {
		return withHeaders(w.record(p, address, body, platform.Outcome{Answer: *refusal}))
	}
	if len(body) > platform.MaxBody {
		return w.record(p, address, nil, platform.Outcome{Answer: w.failure(p, Fault{Mode: "413"})})
	}
	if w.countOnly {
		return withHeaders(w.record(p, address, nil, platform.Outcome{Answer: p.Count(r)}))
	}
	return withHeaders(w.record(p, address, body, p.Judge(r, body)))
}

// record puts an outcome in the history and gives back its answer.
func (w *Wall) record(p *platform.Platform, address string, body []byte, o platform.Outcome) platform.Answer {
	switch {
	case o.Repeated:
		w.history.counters(p.Name).repeated.Add(1)
		return o.Answer
	case o.NoMessage:
		return o.Answer
	case o.Edits != "":
		w.history.edit(p.Name, o.Edits, body)
		return o.Answer
	}
	w.history.put(Message{
		Platform: p.Name, At: w.now(), ID: o.ID, Address: address, Thread: o.Thread, Payload: body,
		Verdict: Verdict{Accepted: o.Accepted(), Status: o.Status, Words: refusalWords(o.Answer), Notes: o.Notes, Unposted: o.Unposted},
	})
	return o.Answer
}

// refusalWords is what a refusal says. An accepted message's answer is mostly
// the message again, and not kept.
func refusalWords(a platform.Answer) string {
	if a.Accepted() {
		return ""
	}
	return a.Body
}
