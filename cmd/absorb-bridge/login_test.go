package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/internal/loopback"
	"github.com/absorb-bridge/absorb-bridge/internal/portal"
)

// person reads what the command says, and acts once the address of the portal is there.
type person struct {
	act func(address string)

	mu   sync.Mutex
	said bytes.Buffer
	done bool
}

var addressOfPortal = regexp.MustCompile(`http://\S+/oauth/authorize\S*\n`)

func (p *person) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said.Write(b)
	if address := addressOfPortal.FindString(p.said.String()); address != "" && !p.done {
		p.done = true
		go p.act(strings.TrimSpace(address))
	}
	return len(b), nil
}

// login runs the command with somebody who acts on what it says, or pastes.
func login(t *testing.T, act func(address string), in io.Reader, args ...string) result {
	t.Helper()
	var out bytes.Buffer
	p := &person{act: act}
	root := rootCommand()
	root.SetArgs(append([]string{"login"}, args...))
	root.SetIn(in)
	root.SetOut(&out)
	root.SetErr(p)
	code := exitDone
	if err := root.ExecuteContext(t.Context()); err != nil {
		code = exitFailed
		fmt.Fprintln(p, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return result{code, out.String(), p.said.String()}
}

// visit is a browser: it goes where it is sent.
func visit(t *testing.T, address string) {
	resp, err := http.Get(address)
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	if page, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK || !strings.Contains(string(page), "terminal") {
		t.Errorf("the browser shows %s %s", resp.Status, page)
	}
}

// byOAuth is a configuration whose source logs in at an emulated portal.
func byOAuth(t *testing.T) (path string, p *portal.Portal) {
	t.Helper()
	p = portal.New(portal.Options{ClientID: "bridge", ClientSecret: "cl13nt-s3cret"})
	server := httptest.NewServer(p.Handler())
	t.Cleanup(server.Close)
	path = filepath.Join(t.TempDir(), "bridge.yaml")
	rewrite(t, path, fmt.Sprintf(`
listen: 127.0.0.1:0
admin: { listen: %q }
store: ./bridge.db
sources:
  production:
    path: /a
    secrets: [ s3cret ]
    portal: %q
    api: { url: %[2]q, key: %q, budget: 1m, oauth: { client_id: bridge, client_secret: cl13nt-s3cret } }
    catch_up: { enabled: false, events: [ UserCreated ] }
  sandbox: { path: /b, secrets: [ s3cret ] }
sinks: { screen: { type: console, stream: stderr } }
routes: [ { name: r, events: [ "*" ], to: [ screen ] } ]
`, loopback.Address(t), server.URL, p.Key))
	return path, p
}

// TestLogin logs in for a bridge that runs, and for one that does not.
func TestLogin(t *testing.T) {
	for name, running := range map[string]bool{"running": true, "stopped": false} {
		t.Run(name, func(t *testing.T) {
			path, p := byOAuth(t)
			do(t, "check -c "+path).want(t, 0, "source production needs one login to the API; run: absorb-bridge login production")
			if running {
				serveInProcess(t, path)
			}
			catchUp := "catch-up --source production --since 2h --dry-run -c " + path
			do(t, catchUp).want(t, 1, "nobody has logged in yet: run absorb-bridge login production")
			doctor := do(t, "doctor -c "+path)
			doctor.want(t, 1, "nobody has logged in yet", "run absorb-bridge login production")
			if n := p.Requests("/oauth/token"); n != 0 {
				t.Errorf("%d tokens were asked for", n)
			}

			_, port, _ := net.SplitHostPort(loopback.Address(t))
			r := login(t, func(address string) {
				forged, err := http.Get("http://127.0.0.1:" + port + "/callback?code=forged&state=forged")
				if err != nil {
					t.Error(err)
					return
				}
				if err := forged.Body.Close(); err != nil || forged.StatusCode != http.StatusBadRequest {
					t.Errorf("a forged answer is answered %s, %v", forged.Status, err)
				}
				visit(t, address)
			}, nil, "production", "--port", port, "-c", path)
			r.want(t, 0, "http://127.0.0.1:"+port+"/callback", "source production is logged in")
			for _, secret := range []string{"emulated-refresh", "emulated-access", "emulated-code", "cl13nt-s3cret"} {
				if strings.Contains(r.out+r.errors, secret) {
					t.Errorf("%q is in\n%s%s", secret, r.out, r.errors)
				}
			}
			do(t, catchUp).want(t, 0, "0 were missing")
			if found := do(t, "doctor -c "+path); !strings.Contains(found.out, "accepts the login") {
				t.Errorf("%s%s", found.out, found.errors)
			}
			do(t, "audit -c "+path).want(t, 0, "login", "production")
			if n := p.Requests("/oauth/token"); n != 1 {
				t.Errorf("%d tokens were asked for", n)
			}
		})
	}
}

// TestLoginElsewhere has the browser on another machine.
func TestLoginElsewhere(t *testing.T) {
	path, _ := byOAuth(t)
	paste := func(args ...string) result {
		read, write := io.Pipe()
		return login(t, func(address string) {
			transport := &http.Transport{}
			req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := transport.RoundTrip(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			_, _ = io.WriteString(write, resp.Header.Get("Location")+"\n")
		}, read, append(args, "-c", path)...)
	}
	r := paste("production", "--print", "--redirect", "https://bridge.example.com/callback")
	r.want(t, 0, "https://bridge.example.com/callback", "not in the store")
	if !regexp.MustCompile(`^emulated-refresh\S+\n$`).MatchString(r.out) || strings.Contains(r.errors, "emulated-refresh") {
		t.Errorf("printed %q, and said\n%s", r.out, r.errors)
	}
	do(t, "doctor -c "+path).want(t, 1, "nobody has logged in yet")
	paste("production", "--paste").want(t, 0, "source production is logged in")
	if found := do(t, "doctor -c "+path); !strings.Contains(found.out, "accepts the login") {
		t.Errorf("%s%s", found.out, found.errors)
	}
}

func TestLoginRefused(t *testing.T) {
	path, _ := byOAuth(t)
	do(t, "login -c "+path).want(t, 2, "accepts 1 arg")
	do(t, "login prodution -c "+path).want(t, 1, `did you mean "production"?`)
	do(t, "login sandbox -c "+path).want(t, 1, "source sandbox has no api.oauth")
	do(t, "login production --redirect here -c "+path).want(t, 2, "--redirect: want a whole URL")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	do(t, "login production --port "+port+" -c "+path).want(t, 1, "another --port, or use --paste")
	login(t, func(string) {}, strings.NewReader("http://127.0.0.1:8400/callback?code=c&state=s\n"), "production", "--paste", "-c", path).want(t, 1, "another login")
	login(t, func(string) {}, strings.NewReader("made-up\n"), "production", "--paste", "-c", path).want(t, 1, "the portal refused the code (invalid_grant")

	_, port, _ = net.SplitHostPort(loopback.Address(t))
	login(t, func(address string) {
		sent, err := url.Parse(address)
		if err != nil {
			t.Error(err)
			return
		}
		visit(t, "http://127.0.0.1:"+port+"/callback?error=access_denied&state="+sent.Query().Get("state"))
	}, nil, "production", "--port", port, "-c", path).want(t, 1, "refused the consent: access_denied")
}
