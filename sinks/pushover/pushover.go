// Package pushover sends notifications by Pushover (pushover.net/api).
package pushover

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
)

// Config is a Pushover sink's settings.
type Config struct {
	Token    bridge.Secret `koanf:"token" need:"always" ask:"API token of the application (pushover.net, Create an Application)"`
	User     bridge.Secret `koanf:"user" need:"always" ask:"Key of the user or the group"`
	Devices  []string      `koanf:"devices" list:"or text"`
	Priority string        `koanf:"priority" enum:"lowest,low,normal,high"` // of all messages, in place of their levels'
	Sound    string        `koanf:"sound"`
	APIURL   string        `koanf:"api_url"`
}

const publicAPI = "https://api.pushover.net"

// Sink is one application and who gets its notifications.
type Sink struct {
	config Config
	base   *url.URL
	client *http.Client
}

var (
	_ bridge.Sink   = (*Sink)(nil)
	_ bridge.Probed = (*Sink)(nil)
)

// Type describes Pushover sinks. An application may send 10,000 messages a month; the
// rate is our own.
func Type() kit.Type {
	return kit.Type{
		New:         New,
		Limit:       bridge.Limit{Rate: 0.5, Burst: 5},
		Escape:      func(s string) string { return kit.InertHTML(bridge.CleanText(s)) },
		CheckNative: kit.NoNative,
		Config:      Config{},
		Example:     map[string]any{"token": "azGDORePK8gMaC0QOYAMyEEuzJnyUi", "user": "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"},
		Gauges: func(body []byte) []kit.Gauge {
			return []kit.Gauge{{What: "the text", Used: kit.MeasureTexts(body, kit.Runes, "message"), Most: maxMessage, Unit: "characters"}}
		},
	}
}

// New builds a Pushover sink.
func New(setup kit.Setup) (bridge.Sink, error) {
	s := &Sink{client: setup.Client}
	if err := setup.Listed("devices").Decode(&s.config); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

// key is the form of tokens and of users' keys.
var key = regexp.MustCompile(`^[A-Za-z0-9]{30}$`)

func priorities() map[string]int {
	return map[string]int{"lowest": -2, "low": -1, "normal": 0, "high": 1}
}

func (s *Sink) check() error {
	c := s.config
	var faults kit.Faults
	for _, k := range []struct {
		name   string
		secret bridge.Secret
		where  string
	}{{"token", c.Token, "the application's"}, {"user", c.User, "the user's or group's"}} {
		faults.If(k.secret.Empty(), k.name, "required: 30 letters and digits, from %s page on pushover.net", k.where)
		faults.If(!k.secret.Empty() && !key.MatchString(k.secret.Reveal()), k.name, "want 30 letters and digits, from %s page on pushover.net", k.where)
	}
	_, known := priorities()[c.Priority]
	faults.If(c.Priority != "" && !known, "priority", "want lowest, low, normal or high")
	var err error
	s.base, err = kit.Server("api_url", cmp.Or(c.APIURL, publicAPI), publicAPI)
	faults.Add(err)
	return faults.Err()
}

// Pushover's limits, in characters.
const (
	maxMessage = 1024
	maxTitle   = 250
	maxURL     = 512
)

// notification is a message but for whose it is.
type notification struct {
	Title    string `json:"title"`
	Message  string `json:"message"`
	HTML     int    `json:"html"`
	Priority int    `json:"priority"`
	URL      string `json:"url,omitempty"`
	URLTitle string `json:"url_title,omitempty"`
	Device   string `json:"device,omitempty"`
	Sound    string `json:"sound,omitempty"`
}

// Encode writes a message in the HTML that Pushover knows, which has no code.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	dialect := kit.HTML(kit.Runes, "\n", kit.InertHTML)
	span := dialect.Span
	dialect.Span = func(s kit.Span) (before, after string, escape func(string) string) {
		s.Code = false
		return span(s)
	}
	form := kit.NoteForm{
		Dialect: dialect, Escape: kit.InertHTML, Title: kit.Inert, Name: kit.Bold,
		MaxTitle: maxTitle, MaxText: maxMessage, MaxURL: maxURL, Link: true,
	}
	note := form.Write(m)
	n := notification{
		Title: note.Title, Message: note.Text, HTML: 1, Priority: s.priority(m.Level), URL: note.URL,
		Device: strings.Join(s.config.Devices, ","), Sound: s.config.Sound,
	}
	if n.Message == "" { // a message cannot be blank
		n.Message = kit.EscapeHTML(note.Title)
	}
	if n.URL != "" {
		n.URLTitle = "Open"
	}
	return note.Payload(m, n)
}

// priority is high for what may break into someone's quiet hours.
func (s *Sink) priority(l bridge.Level) int {
	if s.config.Priority == "" && l == bridge.LevelDanger {
		return 1
	}
	return priorities()[s.config.Priority]
}

var answers = kit.Answers{
	Platform: "Pushover",
	Taken:    []kit.Form{{Status: 200, JSON: map[string]*regexp.Regexp{"status": regexp.MustCompile(`^1$`), "request": nil}}},
	Refused:  []kit.Form{{JSON: map[string]*regexp.Regexp{"status": regexp.MustCompile(`^\d+$`), "errors": regexp.MustCompile(`^\[`), "request": nil}}},
}

// Send makes one attempt. Pushover takes a form.
func (s *Sink) Send(ctx context.Context, p bridge.Payload) (bridge.Receipt, error) {
	answer, err := s.call(ctx, "messages.json", p.Body)
	if err != nil {
		return bridge.Receipt{}, err
	}
	receipt := bridge.Receipt{Status: answer.Status}
	if left := answer.Header.Get("X-Limit-App-Remaining"); left != "" {
		receipt.Detail = bridge.CleanLine(bridge.Cut(left, 20)) + " messages are left this month"
	}
	return receipt, nil
}

// call makes one request, and gives the answer if it is a success.
func (s *Sink) call(ctx context.Context, method string, body []byte) (kit.Answer, error) {
	d, err := kit.DraftOf(body)
	if err != nil {
		return kit.Answer{}, err
	}
	answer, err := kit.Post(ctx, s.client, kit.Request{
		URL: bridge.Secret(s.base.JoinPath("1", method).String()), Type: kit.FormType,
		Body: kit.FormBody(d, map[string]string{"token": s.config.Token.Reveal(), "user": s.config.User.Reveal()}),
	})
	if err != nil {
		return kit.Answer{}, err
	}
	if failure := answers.Failure(answer, s.config.Token, s.config.User); failure != nil {
		return kit.Answer{}, refine(failure, answer)
	}
	return answer, nil
}

// refine puts a refusal into a kind: a 400 names the parameter that is wrong.
func refine(failure *bridge.SendError, a kit.Answer) *bridge.SendError {
	var words struct{ Token, User, Device, Sound string }
	if failure.Intermediary || json.Unmarshal(a.Body, &words) != nil {
		return failure
	}
	switch {
	case failure.Kind == bridge.Limited:
		if reset, err := strconv.ParseInt(a.Header.Get("X-Limit-App-Reset"), 10, 64); err == nil {
			failure.RetryAfter = max(failure.RetryAfter, kit.Seconds(time.Until(time.Unix(reset, 0)).Seconds()))
		}
	case failure.Kind == bridge.MessageRejected && words.Token+words.User+words.Device+words.Sound != "":
		failure.Kind = bridge.DestinationBroken
	}
	return failure
}

// Probe asks Pushover whether it knows the application and the user.
func (s *Sink) Probe(ctx context.Context) (string, error) {
	if _, err := s.call(ctx, "users/validate.json", []byte("{}")); err != nil {
		return "", err
	}
	return "Pushover knows the application and the user", nil
}
