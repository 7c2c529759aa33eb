package bridge

import "time"

// Event is one thing that happened in an Absorb portal, as a webhook told it.
type Event struct {
	ID            string            // UUIDv7, given at intake; sorts by arrival
	Family        string            // whose events the same bytes repeat, if not only those of Source
	Source        string            // name of the configured source that verified it
	Type          string            // canonical name in PascalCase, such as CertificateAwarded
	UserID        string            // the learner concerned, or ""
	AdminID       string            // the admin who acted, or ""
	ClientID      string            // the portal's client id, or ""
	CorrelationID string            // shared by all events of one transaction, or ""
	Entities      map[string]string // ids of the things concerned, by key: courseId, certificateId, …
	OccurredAt    time.Time         // by the portal's clock; zero when the webhook does not say
	ReceivedAt    time.Time         // by our clock
	Body          map[string]any    // the webhook as parsed; numbers are json.Number
	Raw           []byte            // the webhook as received: the bytes that the signature covers
	Signature     string            // the form of its signature, such as hex-upper
	UserAgent     string            // of the request that brought it
	Trace         Trace             // how it was looked up, once it was
	CaughtUp      bool              // no webhook brought it: Absorb's API told of it afterwards
	Kept          []byte            // what is stored of Raw; nil for all of it
	Traceparent   string            // the trace that it began (W3C Trace Context), or ""
	Likeness      Likeness          // by which its source tells whether it came before under another id
	Inferred      map[string]string // ids that the webhook left out and Absorb's lists gave, by key; those of things are in Entities too
	Repeats       string            // id of the event that had the same bytes before, when they name neither a thing nor a time
	Shared        []string          // parts of its facts that other events are likely to have, too
}

// Likeness is what events have in common that a portal sends twice with other ids.
type Likeness struct {
	Key    []byte        // hash of the values compared; nil when nothing is
	Within time.Duration // only the first of the events that arrive in this time counts
}

// Time is when the event happened: by the portal's clock if it said so, else
// when it arrived.
func (e Event) Time() time.Time {
	if e.OccurredAt.IsZero() {
		return e.ReceivedAt
	}
	return e.OccurredAt
}

// IDOf is the id that the event has by a key, such as userId or courseId; "" if it has
// none.
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

// Facts is the event's own part of what templates see, below the key "event".
// Entity ids stand beside the named ones, so {{ .event.courseId }} works.
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

// PortalKeys are the keys of ids that all events of a portal may share, so that they
// tell nothing of one event.
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

// EventTitle puts a canonical event name into words:
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
