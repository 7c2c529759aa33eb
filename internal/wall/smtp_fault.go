package wall

import (
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// stage is the command of the mail dialogue that a fault hits.
type stage int

const (
	stageAuth stage = iota
	stageMail
	stageRecipient
	stageData
)

// mailFault is a refusal by the mail server. Faults wait for a command of their
// stage: a 535 hits the next AUTH, however many mails come without one.
type mailFault struct {
	stage stage
	reply *smtp.SMTPError // nil for those that give no reply, or a late one
}

// smtpFaults are the faults of the mail server, in words that common servers
// use.
func smtpFaults() map[string]mailFault {
	return map[string]mailFault{
		"421":          {stageMail, smtpError(421, smtp.EnhancedCode{4, 3, 2}, "Service not available, closing transmission channel")},
		"450":          {stageRecipient, smtpError(450, smtp.EnhancedCode{4, 2, 0}, "Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/")},
		"451":          {stageData, smtpError(451, smtp.EnhancedCode{4, 3, 0}, "Requested action aborted: local error in processing")},
		"452":          {stageRecipient, smtpError(452, smtp.EnhancedCode{4, 2, 2}, "The recipient's inbox is out of storage space")},
		"454":          {stageAuth, smtpError(454, smtp.EnhancedCode{4, 7, 0}, "Temporary authentication failure")},
		"530":          {stageMail, smtpError(530, smtp.EnhancedCode{5, 7, 0}, "Authentication required")},
		"535":          {stageAuth, smtpError(535, smtp.EnhancedCode{5, 7, 8}, "Authentication credentials invalid")},
		"550":          {stageRecipient, smtpError(550, smtp.EnhancedCode{5, 1, 1}, "The email account that you tried to reach does not exist")},
		"552":          {stageData, smtpError(552, smtp.EnhancedCode{5, 3, 4}, "Message size exceeds fixed limit")},
		"554":          {stageData, smtpError(554, smtp.EnhancedCode{5, 7, 1}, "Message rejected as spam")},
		ModeReset:      {stageData, nil},
		ModeResetAfter: {stageData, nil},
		ModeHang:       {stageData, nil},
		ModeSlow:       {stageData, nil},
	}
}

// next takes the fault that hits a command of the stage.
func (s *mailSession) next(at stage) (Fault, mailFault, bool) {
	known := smtpFaults()
	f, ok := s.wall.faults.next(Email, func(f Fault) bool { return known[f.Mode].stage == at })
	return f, known[f.Mode], ok
}

// fault lets an injected fault happen to a command before DATA.
func (s *mailSession) fault(at stage) error {
	_, kind, ok := s.next(at)
	if !ok {
		return nil
	}
	s.lose(nil, kind.reply.Code, kind.reply.Message)
	return kind.reply
}

// dataFault lets an injected fault happen to a mail. A nil error means that the
// mail is still to be taken.
func (s *mailSession) dataFault(raw []byte) error {
	f, kind, ok := s.next(stageData)
	switch {
	case !ok:
		return nil
	case kind.reply != nil:
		s.lose(raw, kind.reply.Code, kind.reply.Message)
		return kind.reply
	case f.Mode == ModeSlow:
		select {
		case <-time.After(f.RetryAfter):
		case <-s.wall.done:
		}
		return nil
	case f.Mode == ModeResetAfter:
		if err := s.take(raw); err != nil {
			return err
		}
	case f.Mode == ModeHang:
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
func (s *mailSession) lose(raw []byte, status int, words string) {
	m := Message{Platform: Email, At: s.wall.now(), Address: strings.Join(s.to, ", "), Payload: raw, Verdict: Verdict{Status: status, Words: words}}
	if m.Mail, _, _ = readMail(raw); m.Mail != nil {
		m.ID = m.Mail.MessageID
		m.Mail.EnvelopeFrom, m.Mail.EnvelopeTo = s.from, s.to
	}
	s.wall.board.put(m)
}
