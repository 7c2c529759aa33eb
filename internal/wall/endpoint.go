package wall

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxBody bounds a request, in bytes. Discord takes 25 MiB, but nothing that the
// bridge sends comes near one.
const maxBody = 1 << 20

// platform is one of the emulated HTTP platforms.
type platform struct {
	name     string
	patterns []string                            // of http.ServeMux
	address  func(*http.Request, []byte) string  // whom a message is for: what rate limits count, without secrets
	door     func(*http.Request) *answer         // refuses a wrong address or credential; nil lets in
	read     func(*http.Request, []byte) []byte  // the message as JSON, where the body is not all of it; or nil
	take     func(*http.Request, []byte) outcome // judges a message
	accept   func(*http.Request) answer          // the answer to an accepted message nobody looks into
	dress    func(answer, string) answer         // adds the headers that every answer to an address has, or nil
	limited  func(wait time.Duration) answer
	quota    *quota
	words    map[string]answer // answers to injected faults, by mode, where the platform has its own
}

// answer is an HTTP response.
type answer struct {
	refused bool // whatever the status says: some platforms tell a failure under 200
	status  int
	header  map[string]string // besides Content-Type
	media   string            // Content-Type, or "" for none
	body    string
}

// outcome is a platform's judgement of a message.
type outcome struct {
	answer
	id       string
	thread   string
	repeated bool     // it was sent before: this is the answer of then
	aside    bool     // no message: a question, or the opening of a conversation
	edits    string   // the id of the message that it takes the place of, or ""
	notes    []string // see Verdict
	unposted bool
}

func plain(status int, body string) answer {
	return answer{status: status, media: "text/plain; charset=utf-8", body: body}
}

func page(status int, body string) answer {
	return answer{status: status, media: "text/html; charset=utf-8", body: body}
}

// jsonAnswer answers with a value made of maps, lists, strings and numbers,
// which can always be written as JSON.
func jsonAnswer(status int, v any) answer {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return answer{status: status, media: "application/json; charset=utf-8", body: strings.TrimSuffix(b.String(), "\n")}
}

func (a answer) with(key, value string) answer {
	header := map[string]string{key: value}
	for k, v := range a.header {
		if k != key {
			header[k] = v
		}
	}
	a.header = header
	return a
}

// refuse is an answer as a door gives it.
func refuse(a answer) *answer { return &a }

func (a answer) accepted() bool { return !a.refused && a.status >= 200 && a.status < 300 }

func (a answer) writeHeader(rw http.ResponseWriter) {
	if a.media != "" {
		rw.Header().Set("Content-Type", a.media)
	} else {
		rw.Header()["Content-Type"] = nil // keeps net/http from guessing one
	}
	for key, value := range a.header {
		rw.Header().Set(key, value)
	}
	rw.WriteHeader(a.status)
}

func (a answer) write(rw http.ResponseWriter) {
	a.writeHeader(rw)
	_, _ = io.WriteString(rw, a.body)
}

// fails tells whether a fault is one of the platform's: bots and webhooks of one
// name fail in their own words.
func (p *platform) fails(f Fault) bool {
	_, own := p.words[f.Mode]
	return own || slices.Contains(httpModes(), f.Mode)
}

// endpoint is where a platform takes messages.
func (w *Wall) endpoint(p *platform) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		// The body is read first, so that the server notices when the client of a
		// request that hangs gives up.
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if err != nil {
			return
		}
		if p.read != nil && len(body) <= maxBody {
			body = p.read(r, body)
		}
		if f, ok := w.faults.next(p.name, p.fails); ok {
			w.strike(rw, r, p, f, body)
			return
		}
		w.judge(p, r, body).write(rw)
	})
}

// judge is what the platform does with a message when nothing is broken.
func (w *Wall) judge(p *platform, r *http.Request, body []byte) answer {
	address := p.address(r, body)
	dress := func(a answer) answer {
		if p.dress == nil {
			return a
		}
		return p.dress(a, address)
	}
	if w.limits {
		if wait := p.quota.take(address, w.now()); wait > 0 {
			return dress(w.record(p, address, body, outcome{answer: p.limited(wait)}))
		}
	}
	if refusal := p.door(r); refusal != nil {
		return dress(w.record(p, address, body, outcome{answer: *refusal}))
	}
	if len(body) > maxBody {
		return w.record(p, address, nil, outcome{answer: w.failure(p, Fault{Mode: "413"})})
	}
	if w.countOnly {
		return dress(w.record(p, address, nil, outcome{answer: p.accept(r)}))
	}
	return dress(w.record(p, address, body, p.take(r, body)))
}

// record puts an outcome on the board and gives back its answer.
func (w *Wall) record(p *platform, address string, body []byte, o outcome) answer {
	switch {
	case o.repeated:
		w.board.tally(p.name).repeated.Add(1)
		return o.answer
	case o.aside:
		return o.answer
	case o.edits != "":
		w.board.edit(p.name, o.edits, body)
		return o.answer
	}
	w.board.put(Message{
		Platform: p.name, At: w.now(), ID: o.id, Address: address, Thread: o.thread, Payload: body,
		Verdict: Verdict{Accepted: o.accepted(), Status: o.status, Words: refusalWords(o.answer), Notes: o.notes, Unposted: o.unposted},
	})
	return o.answer
}

// refusalWords is what a refusal says. An accepted message's answer is mostly
// the message again, and not kept.
func refusalWords(a answer) string {
	if a.accepted() {
		return ""
	}
	return a.body
}
