package platform

import "time"

// Forever is the Count of a fault that stays until it is taken back.
const Forever = -1

// Fault makes a platform fail. Faults of one platform happen one after the
// other, in the order in which they were injected.
type Fault struct {
	Platform   string
	Mode       string        // one of Modes(Platform)
	Count      int           // how many requests it hits; 0 means one; see Forever
	RetryAfter time.Duration // what the modes that name a time ask for, and how long slow takes; 0 means 1 s
}

// Modes that every HTTP platform has. Each platform also knows the words of its
// own errors: "no_service", "50035", "RESOURCE_EXHAUSTED", "WorkflowNotFound".
// The message is lost in all of them but ModeSlow and ModeResetAfter.
const (
	ModeLimited       = "429"             // with Retry-After in seconds
	ModeLimitedDate   = "429-date"        // with Retry-After as an HTTP date
	ModeLimitedBare   = "429-bare"        // without Retry-After
	ModeLimitedHTML   = "429-html"        // from a proxy before the platform: an HTML page
	ModeSignIn        = "200-html"        // from somebody before the platform: a network's sign-in page
	ModeEmpty         = "200-empty"       // from somebody before the platform: nothing
	ModeFirewall      = "403-html"        // from somebody before the platform: a firewall's page
	ModeUnavailable   = "503"             // without Retry-After
	ModeUnavailableAt = "503-retry-after" // with Retry-After in seconds
	ModeHang          = "hang"            // never answers
	ModeReset         = "reset"           // drops the connection
	ModeResetAfter    = "reset-after"     // takes the message, then drops the connection: sent again, it is there twice
	ModeSlow          = "slow"            // takes the message; the answer trickles
	ModeNone          = "none"            // takes back all faults of the platform
)

// HTTPModes are the modes of every HTTP platform.
func HTTPModes() []string {
	return []string{
		ModeLimited, ModeLimitedDate, ModeLimitedBare, ModeLimitedHTML, ModeSignIn, ModeEmpty, ModeFirewall,
		"500", "502", ModeUnavailable, ModeUnavailableAt, "504",
		ModeHang, ModeReset, ModeResetAfter, ModeSlow,
		"400", "401", "403", "404", "410", "413",
	}
}
