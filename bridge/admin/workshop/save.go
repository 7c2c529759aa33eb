package workshop

import (
	"context"
	"errors"
	"net/http"

	"github.com/absorb-bridge/absorb-bridge/bridge/admin"
)

// Save writes a text into its file, and makes the bridge use it. was is the value of
// File.Was when the text was opened.
func (w *Workshop) Save(ctx context.Context, s *Subject, text []byte, was string) error {
	if err := checkLength(text); err != nil {
		return err
	}
	if !s.File.Writable {
		return &admin.Error{Status: http.StatusConflict, Message: s.File.Why + " Download the text instead."}
	}
	if err := w.check(ctx, s, text); err != nil {
		return err
	}
	w.saving.Lock()
	defer w.saving.Unlock()
	err := s.File.write(s.Place.Dir, was, text)
	if refused, ok := errors.AsType[*admin.Error](err); ok {
		return refused
	}
	if err != nil {
		return &admin.Error{Status: http.StatusConflict, Message: "The file was not saved. Fix this first: " + err.Error()}
	}
	w.Service.Noted(ctx, "save template", s.File.Path, 1)
	if w.Service.Reload == nil {
		return nil
	}
	if err := w.Service.Reloaded(ctx); err != nil {
		return &admin.Error{Status: http.StatusConflict, Message: "The file was saved, but the bridge still uses the previous configuration, because the new one has errors: " + err.Error()}
	}
	return nil
}

// check reports why a text cannot be used.
func (w *Workshop) check(ctx context.Context, s *Subject, text []byte) error {
	done, err := w.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	_, err = s.templates.With(s.draft(text))
	return err
}
