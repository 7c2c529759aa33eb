package wall

import (
	"math"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// slowPieces is in how many pieces a slow answer comes.
const slowPieces = 10

// fail lets a fault happen to a request.
func (w *Wall) fail(rw http.ResponseWriter, r *http.Request, p *platform.Platform, f Fault, body []byte) {
	switch f.Mode {
	case ModeSlow:
		w.trickle(rw, r, w.judge(p, r, body), f.RetryAfter)
	case ModeResetAfter:
		w.judge(p, r, body)
		reset(rw)
	case ModeReset:
		w.lose(p, r, body, "(the connection was dropped)")
		reset(rw)
	case ModeHang:
		w.lose(p, r, body, "(no answer)")
		select {
		case <-r.Context().Done():
		case <-w.done:
		}
		panic(http.ErrAbortHandler) // ends the connection without an answer, and without a log entry
	default:
		failure := w.failure(p, f)
		failure.Refused = true
		w.record(p, p.Address(r, body), body, platform.Outcome{Answer: failure}).Write(rw)
	}
}

// lose records a message that got no answer.
func (w *Wall) lose(p *platform.Platform, r *http.Request, body []byte, words string) {
	w.record(p, p.Address(r, body), body, platform.Outcome{Answer: platform.Answer{Body: words}})
}

// trickle writes an answer's body in pieces, spread over a time.
func (w *Wall) trickle(rw http.ResponseWriter, r *http.Request, a platform.Answer, over time.Duration) {
	if a.Body != "" {
		a = a.With("Content-Length", strconv.Itoa(len(a.Body)))
	}
	a.WriteHeader(rw)
	flush := http.NewResponseController(rw)
	_ = flush.Flush()
	ticks := time.NewTicker(over / slowPieces)
	defer ticks.Stop()
	for i := range slowPieces {
		select {
		case <-ticks.C:
		case <-r.Context().Done():
			return
		case <-w.done:
			return
		}
		_, _ = rw.Write([]byte(a.Body[len(a.Body)*i/slowPieces : len(a.Body)*(i+1)/slowPieces]))
		_ = flush.Flush()
	}
}

// reset drops the connection so that the client sees it reset, where that can
// be done, and closed early where not (HTTP/2).
func reset(rw http.ResponseWriter) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // closing sends RST
	}
	_ = conn.Close()
}

// failure is the answer of a fault mode: in the platform's own words if it has
// any, else as the proxies before it put it.
func (w *Wall) failure(p *platform.Platform, f Fault) platform.Answer {
	seconds := strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds())))
	limited := p.Limited(f.RetryAfter)
	switch f.Mode {
	case ModeLimited:
		return limited
	case ModeLimitedDate:
		return limited.With("Retry-After", w.now().Add(f.RetryAfter+time.Second-1).UTC().Format(http.TimeFormat))
	case ModeLimitedBare:
		delete(limited.Header, "Retry-After")
		return limited
	case ModeUnavailableAt:
		return w.failure(p, Fault{Mode: ModeUnavailable}).With("Retry-After", seconds)
	}
	if a, ok := p.Errors[f.Mode]; ok {
		return a
	}
	switch f.Mode {
	case ModeLimitedHTML:
		return cloudflareLimit().With("Retry-After", seconds)
	case ModeSignIn:
		return platform.HTML(http.StatusOK, "<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head><body>Accept the terms of use.</body></html>")
	case ModeEmpty:
		return platform.Text(http.StatusOK, "")
	case ModeFirewall:
		return platform.HTML(http.StatusForbidden, "<html><head><title>Request blocked</title></head><body>Incident 4711</body></html>")
	}
	status, _ := strconv.Atoi(f.Mode)
	return proxyPage(status)
}

// proxyPage is the error page of a common reverse proxy.
func proxyPage(status int) platform.Answer {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	return platform.HTML(status, "<html>\r\n<head><title>"+title+"</title></head>\r\n<body>\r\n<center><h1>"+title+
		"</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n")
}

// cloudflareLimit is the page of Cloudflare's error 1015, in short: what a
// client of Discord sees when its address sends far too much.
func cloudflareLimit() platform.Answer {
	return platform.HTML(http.StatusTooManyRequests, `<!DOCTYPE html>
<html lang="en-US"><head><title>Access denied | discord.com used Cloudflare to restrict access</title></head>
<body><h1>Error 1015</h1><h2>You are being rate limited</h2>
<p>The owner of this website (discord.com) has banned you temporarily from accessing this website.</p></body></html>`)
}
