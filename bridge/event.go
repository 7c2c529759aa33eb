package bridge

import (
	"strings"
	"time"
	"unicode"
)

// Event is one thing that happened in an Absorb portal, usually reported by a webhook.
type Event struct {
	ID            string            // UUIDv7, given at intake; sorts by arrival
	Family        string            // name of the first of the sources that share a secret; duplicates are found among all of them. "" means Source
	Source        string            // name of the configured source that verified it
	Type          string            // canonical name in PascalCase, such as CertificateAwarded
	UserID        string            // the learner, or ""
	AdminID       string            // the admin who acted, or ""
	ClientID      string            // the portal's client id, or ""
	CorrelationID string            // shared by all events of one transaction, or ""
	Entities      map[string]string // ids of the other objects, by key: courseId, certificateId, …
	OccurredAt    time.Time         // by the portal's clock; zero when the webhook does not say
	ReceivedAt    time.Time         // by the bridge's clock
	Body          map[string]any    // the webhook as parsed; numbers are json.Number
	Raw           []byte            // the webhook as received: the bytes that the signature covers
	Signature     string            // the form of its signature, such as hex-upper
	UserAgent     string            // User-Agent of the request
	Trace         LookupTrace       // its lookups; empty before them
	CaughtUp      bool              // found by catch-up: no webhook reported it
	Kept          []byte            // the part of Raw to store; nil for all of it
	Traceparent   string            // the trace that starts with it (W3C Trace Context), or ""
	DedupeKey     DedupeKey         // finds repetitions with other ids; empty if the source has no dedupe
	Inferred      map[string]string // ids inferred from Absorb's lists because the webhook omits them, by key; Entities contains them too
	Repeats       string            // id of an earlier event with the same bytes, if they contain neither an entity's id nor a time
	Shared        []string          // parts of its facts that other events probably share
}

// DedupeKey is equal for two webhooks about the same event that have different ids.
type DedupeKey struct {
	Key    []byte        // hash of the compared values; nil if nothing is compared
	Within time.Duration // further events within this time are duplicates of the first
}

// Time returns when the event happened, by the portal's clock. If the webhook does not
// say, it returns when the event arrived.
func (e Event) Time() time.Time {
	if e.OccurredAt.IsZero() {
		return e.ReceivedAt
	}
	return e.OccurredAt
}

// IDOf returns the event's id for a key, such as userId or courseId, or "".
func (e Event) IDOf(key string) string {
	switch key {
	case "userId":
		return e.UserID
	case "adminId":
		return e.AdminID
	case "clientId":
		return e.ClientID
	case "correlationId":
		return e.CorrelationID
	}
	return e.Entities[key]
}

// Facts returns what templates see below the key "event". Ids of entities are at the
// top level too, so {{ .event.courseId }} works.
func (e Event) Facts() map[string]any {
	f := map[string]any{
		"id":         e.ID,
		"type":       e.Type,
		"name":       EventTitle(e.Type),
		"occurredAt": formatTime(e.Time()),
		"receivedAt": formatTime(e.ReceivedAt),
		"body":       e.Body,
	}
	if e.CaughtUp {
		f["caughtUp"] = true
	}
	for key, id := range e.Entities {
		f[key] = id
	}
	for key, id := range map[string]string{
		"userId":        e.UserID,
		"adminId":       e.AdminID,
		"clientId":      e.ClientID,
		"correlationId": e.CorrelationID,
	} {
		if id != "" {
			f[key] = id
		}
	}
	return f
}

// PortalKeys returns the keys of ids that all events of a portal may share. Such an id
// does not identify an event.
func PortalKeys() []string {
	return []string{
		"portalId", "tenantId", "companyId", "accountId", "organizationId", "organisationId", "siteId", "schoolId", "environmentId",
		"webhookId", "subscriptionId", "languageId",
	}
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// EventTitle returns a canonical event name as words:
// "EnrollmentCompletedByLearner" becomes "Enrollment completed by learner".
// Abbreviations keep their capitals.
func EventTitle(canonical string) string {
	words := make([]rune, 0, len(canonical)+8)
	runes := []rune(canonical)
	for i, r := range runes {
		startsWord := i+1 < len(runes) && !isUpper(runes[i+1])
		if i > 0 && isUpper(r) && (startsWord || !isUpper(runes[i-1])) {
			words = append(words, ' ')
			if startsWord {
				r += 'a' - 'A'
			}
		}
		words = append(words, r)
	}
	return string(words)
}

func isUpper(r rune) bool { return 'A' <= r && r <= 'Z' }

// FoldEvent is an event's name without case and punctuation, as Absorb's own
// spelling of it varies.
func FoldEvent(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}
