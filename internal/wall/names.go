package wall

import (
	"github.com/absorb-bridge/absorb-bridge/internal/wall/email"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
	"github.com/absorb-bridge/absorb-bridge/internal/wall/webhook"
)

// What the platforms share, under the names that callers of a Wall use.
type (
	// Message is one thing that was sent to a platform.
	Message = platform.Message
	// Verdict is what the platform made of a message.
	Verdict = platform.Verdict
	// Mail is the readable parts of a mail.
	Mail = platform.Mail
	// Counts is what became of the messages sent to a platform.
	Counts = platform.Counts
	// Fault makes a platform fail.
	Fault = platform.Fault
)

// Forever is the Count of a fault that stays until it is taken back.
const Forever = platform.Forever

// The modes of faults that every HTTP platform has.
const (
	ModeLimited       = platform.ModeLimited
	ModeLimitedDate   = platform.ModeLimitedDate
	ModeLimitedBare   = platform.ModeLimitedBare
	ModeLimitedHTML   = platform.ModeLimitedHTML
	ModeSignIn        = platform.ModeSignIn
	ModeEmpty         = platform.ModeEmpty
	ModeFirewall      = platform.ModeFirewall
	ModeUnavailable   = platform.ModeUnavailable
	ModeUnavailableAt = platform.ModeUnavailableAt
	ModeHang          = platform.ModeHang
	ModeReset         = platform.ModeReset
	ModeResetAfter    = platform.ModeResetAfter
	ModeSlow          = platform.ModeSlow
	ModeNone          = platform.ModeNone
)

// The accounts and keys that a sender needs. Everybody may know them.
const (
	MailUser      = email.User
	MailPassword  = email.Password
	WebhookSecret = webhook.Secret
)
