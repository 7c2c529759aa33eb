package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// Client calls the API of a bridge.
type Client struct {
	Base  string // such as http://127.0.0.1:8081
	Token bridge.Secret
	HTTP  *http.Client
}

// InProcess returns a client that calls a handler in this process, without a network.
func InProcess(h http.Handler) *Client {
	return &Client{Base: "http://localhost", HTTP: &http.Client{Transport: transport{h}}}
}

type transport struct{ http.Handler }

// RoundTrip passes the request to the handler.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Host = r.URL.Host
	w := httptest.NewRecorder()
	t.ServeHTTP(w, r)
	return w.Result(), nil
}

// About identifies the bridge that answers.
func (c *Client) About(ctx context.Context) (a About, err error) {
	return a, c.get(ctx, "about", nil, &a)
}

// Deliveries lists deliveries, newest first.
func (c *Client) Deliveries(ctx context.Context, f store.Filter) (all []DeliveryLine, err error) {
	return all, c.get(ctx, "deliveries", query(f), &all)
}

// Delivery returns one delivery with its message.
func (c *Client) Delivery(ctx context.Context, id string) (d DeliveryView, err error) {
	return d, c.get(ctx, "deliveries/"+url.PathEscape(id), nil, &d)
}

// Events lists events, newest first.
func (c *Client) Events(ctx context.Context, f store.Filter) (all []store.EventRow, err error) {
	return all, c.get(ctx, "events", query(f), &all)
}

// Event returns one event with the decisions of the current routes.
func (c *Client) Event(ctx context.Context, id string) (e EventView, err error) {
	return e, c.get(ctx, "events/"+url.PathEscape(id), nil, &e)
}

// Change applies an operation (deliveries/retry, deliveries/cancel, deliveries/move or
// events/replay) to a selection, and returns how many it changed.
func (c *Client) Change(ctx context.Context, operation string, s Selection) (n Changed, err error) {
	return n, c.post(ctx, operation, s, &n)
}

// Reload makes a running bridge read its configuration again.
func (c *Client) Reload(ctx context.Context) error {
	return c.post(ctx, "reload", struct{}{}, &struct{}{})
}

// EndSessions ends the sessions of all people, and returns how many it ended.
func (c *Client) EndSessions(ctx context.Context) (int, error) {
	var n Changed
	err := c.post(ctx, "sessions/end", struct{}{}, &n)
	return n.Changed, err
}

// Audits returns the audit trail, newest first: at most limit entries, and only ids
// below before if that is not empty.
func (c *Client) Audits(ctx context.Context, before string, limit int) (all []store.Audit, err error) {
	return all, c.get(ctx, "audit", query(store.Filter{Before: before, Limit: limit}), &all)
}

func (c *Client) get(ctx context.Context, path string, q url.Values, into any) error {
	return c.do(ctx, http.MethodGet, path+"?"+q.Encode(), nil, into)
}

func (c *Client) post(ctx context.Context, path string, body, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path, bytes.NewReader(data), into)
}

func (c *Client) do(ctx context.Context, method, path string, body io.Reader, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.Base+"/api/"+path, body)
	if err != nil {
		return fmt.Errorf("call the bridge: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if !c.Token.Empty() {
		req.Header.Set("Authorization", "Bearer "+c.Token.Reveal())
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("call the bridge: %w", err)
	}
	defer res.Body.Close()
	d := json.NewDecoder(res.Body)
	if res.StatusCode != http.StatusOK {
		e := &Error{Status: res.StatusCode}
		if err := d.Decode(e); err != nil || e.Message == "" {
			e.Message = "the bridge answered " + res.Status
		}
		return e
	}
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read the bridge's answer: %w", err)
	}
	return nil
}
