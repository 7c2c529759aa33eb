package intake

import (
	"encoding/json"
	"net/http"

	"github.com/absorb-bridge/absorb-bridge/bridge/store"
)

// reply is the answer to a webhook.
type reply struct {
	ID      string  `json:"id,omitempty"`
	Status  string  `json:"status"` // "accepted", "duplicate" or "test"
	Message string  `json:"message,omitempty"`
	Events  []reply `json:"events,omitempty"`
}

// replyTo says what happened to a request's events; fresh is how many are new.
func replyTo(stored []store.Accepted, fresh int) *reply {
	all := make([]reply, len(stored))
	for i, s := range stored {
		all[i] = reply{ID: s.ID, Status: "accepted"}
		if s.Duplicate {
			all[i].Status = "duplicate"
		}
	}
	if len(all) == 1 {
		return &all[0]
	}
	whole := reply{Status: "accepted", Events: all}
	if len(all) > 0 {
		whole.ID = all[0].ID
	}
	if fresh == 0 {
		whole.Status = "duplicate"
	}
	return &whole
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the sender may have disconnected
}
