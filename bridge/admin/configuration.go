package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Configuration is the configuration that runs, and what became of the last try to
// change it.
type Configuration struct {
	Settings []Setting `json:"settings"` // without secrets
	Files    []string  `json:"files"`    // that were read
	Warnings []string  `json:"warnings"`
	Loaded   time.Time `json:"loaded"`
	Tried    time.Time `json:"tried,omitzero"` // when it was read again last
	Faults   []Fault   `json:"faults"`         // why what was read then is not used
	Later    []string  `json:"later"`          // settings that changed and are used from the next start on
}

// Setting is one value.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"` // as it was written; what may be a secret is hidden
	Origin string `json:"origin"`
	Line   int    `json:"line,omitempty"`
}

// Fault is something wrong with a configuration, at its place.
type Fault struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	Excerpt string `json:"excerpt,omitempty"` // the line, without secrets
}

// Faults takes an error apart.
func Faults(err error) []Fault {
	all := []Fault{}
	if err == nil {
		return all
	}
	if problems, ok := errors.AsType[bridge.Problems](err); ok {
		for _, p := range problems {
			all = append(all, Fault(p))
		}
		return all
	}
	return append(all, Fault{Message: err.Error()})
}

// Configured gives the configuration.
func (svc *Service) Configured() Configuration {
	c := Configuration{}
	if svc.Configuration != nil {
		c = svc.Configuration()
	}
	for _, list := range []*[]string{&c.Files, &c.Warnings, &c.Later} {
		if *list == nil {
			*list = []string{}
		}
	}
	if c.Settings == nil {
		c.Settings = []Setting{}
	}
	if c.Faults == nil {
		c.Faults = []Fault{}
	}
	return c
}

// Reloaded has a running bridge read its configuration again.
func (svc *Service) Reloaded(ctx context.Context) error {
	if svc.Reload == nil {
		return &Error{http.StatusConflict, "the bridge does not run: its next start reads the configuration anyway"}
	}
	err := svc.Reload()
	svc.overview.forget()
	svc.Noted(ctx, "reload", ReloadOutcome(err), 1)
	if err != nil {
		return &Error{http.StatusUnprocessableEntity, err.Error()}
	}
	return nil
}

// ReloadOutcome says for the audit trail what became of a reload.
func ReloadOutcome(err error) string {
	if err != nil {
		return "refused, it has faults"
	}
	return "used"
}
