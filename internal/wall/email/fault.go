package email

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// stage is the command of the mail dialogue that a fault hits.
type stage int

const (
	stageAuth stage = iota
	stageMail
	stageRecipient
	stageData
)

// faultReply is a refusal by the mail server. Faults wait for a command of their
// stage: a 535 hits the next AUTH, however many mails come without one.
type faultReply struct {
	stage stage
	reply *smtp.SMTPError // nil for those that give no reply, or a late one
}

// faults are the faults of the mail server, in words that common servers
// use.
func faults() map[string]faultReply {
	return map[string]faultReply{
		"421":                   {stageMail, reply(421, smtp.EnhancedCode{4, 3, 2}, "Service not available, closing transmission channel")},
		"450":                   {stageRecipient, reply(450, smtp.EnhancedCode{4, 2, 0}, "Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/")},
		"451":                   {stageData, reply(451, smtp.EnhancedCode{4, 3, 0}, "Requested action aborted: local error in processing")},
		"452":                   {stageRecipient, reply(452, smtp.EnhancedCode{4, 2, 2}, "The recipient's inbox is out of storage space")},
		"454":                   {stageAuth, reply(454, smtp.EnhancedCode{4, 7, 0}, "Temporary authentication failure")},
		"530":                   {stageMail, reply(530, smtp.EnhancedCode{5, 7, 0}, "Authentication required")},
		"535":                   {stageAuth, reply(535, smtp.EnhancedCode{5, 7, 8}, "Authentication credentials invalid")},
		"550":                   {stageRecipient, reply(550, smtp.EnhancedCode{5, 1, 1}, "The email account that you tried to reach does not exist")},
		"552":                   {stageData, reply(552, smtp.EnhancedCode{5, 3, 4}, "Message size exceeds fixed limit")},
		"554":                   {stageData, reply(554, smtp.EnhancedCode{5, 7, 1}, "Message rejected as spam")},
		platform.ModeReset:      {stageData, nil},
		platform.ModeResetAfter: {stageData, nil},
		platform.ModeHang:       {stageData, nil},
		platform.ModeSlow:       {stageData, nil},
	}
}

// Modes lists the modes of faults that the server knows.
func Modes() []string { return slices.Sorted(maps.Keys(faults())) }

// next takes the fault that hits a command of the stage.
func (s *session) next(at stage) (platform.Fault, faultReply, bool) {
	known := faults()
	f, ok := s.server.options.NextFault(func(f platform.Fault) bool { return known[f.Mode].stage == at })
	return f, known[f.Mode], ok
}

// fault lets an injected fault happen to a command before DATA.
func (s *session) fault(at stage) error {
	_, kind, ok := s.next(at)
	if !ok {
		return nil
	}
	s.lose(nil, kind.reply.Code, kind.reply.Message)
	return kind.reply
}

// dataFault lets an injected fault happen to a mail. A nil error means that the
// mail is still to be taken.
func (s *session) dataFault(raw []byte) error {
	f, kind, ok := s.next(stageData)
	switch {
	case !ok:
		return nil
	case kind.reply != nil:
		s.lose(raw, kind.reply.Code, kind.reply.Message)
		return kind.reply
	case f.Mode == platform.ModeSlow:
		select {
		case <-time.After(f.RetryAfter):
		case <-s.server.done:
		}
		return nil
	case f.Mode == platform.ModeResetAfter:
		if err := s.judge(raw); err != nil {
			return err
		}
	case f.Mode == platform.ModeHang:
		s.lose(raw, 0, "(no answer)")
		// The client waits for an answer and sends nothing, so this ends when it
		// goes away, or when Close closes the connection.
		_, _ = s.conn.Conn().Read(make([]byte, 1))
	default:
		s.lose(raw, 0, "(the connection was dropped)")
	}
	_ = s.conn.Conn().Close()
	return errDropped
}

// lose records a mail that a fault hit.
func (s *session) lose(raw []byte, status int, words string) {
	m := platform.Message{Platform: Name, At: s.server.options.Now(), Address: strings.Join(s.to, ", "), Payload: raw, Verdict: platform.Verdict{Status: status, Words: words}}
	if m.Mail, _, _ = Read(raw); m.Mail != nil {
		m.ID = m.Mail.MessageID
		m.Mail.EnvelopeFrom, m.Mail.EnvelopeTo = s.from, s.to
	}
	s.server.options.Record(m)
}
