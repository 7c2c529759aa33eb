package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// Configuration is the configuration in use, and the result of the last attempt to
// change it.
type Configuration struct {
	Settings []Setting `json:"settings"` // without secrets
	Files    []string  `json:"files"`    // the files it comes from
	Warnings []string  `json:"warnings"`
	Loaded   time.Time `json:"loaded"`
	Tried    time.Time `json:"tried,omitzero"` // when it was last read again
	Faults   []Fault   `json:"faults"`         // why the configuration read then is not in use
	Later    []string  `json:"later"`          // changed settings that take effect at the next start
}

// Setting is one value.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"` // as written; possible secrets are hidden
	Origin string `json:"origin"`
	Line   int    `json:"line,omitempty"`
}

// Fault is an error in a configuration, with its position.
type Fault struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	Excerpt string `json:"excerpt,omitempty"` // the line, without secrets
}

// Faults splits an error into its faults.
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

// Configured returns the configuration in use, without secrets.
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

// Reloaded makes a running bridge read its configuration again.
func (svc *Service) Reloaded(ctx context.Context) error {
	if svc.Reload == nil {
		return &Error{http.StatusConflict, "the bridge is not running; it will read the configuration when it starts"}
	}
	err := svc.Reload()
	svc.overview.forget()
	svc.Noted(ctx, "reload", ReloadOutcome(err), 1)
	if err != nil {
		return &Error{http.StatusUnprocessableEntity, err.Error()}
	}
	return nil
}

// ReloadOutcome describes the result of a reload, for the audit trail.
func ReloadOutcome(err error) string {
	if err != nil {
		return "refused: it has errors"
	}
	return "used"
}
