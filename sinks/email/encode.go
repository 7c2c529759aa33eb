package email

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/mail"
	"regexp"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"github.com/google/uuid"
	gomail "github.com/wneessen/go-mail"
)

// maxMail bounds a whole mail, in bytes. Every server takes more.
const maxMail = 1 << 20

// Encode makes the whole mail, headers included. The same message gives the
// same bytes, so that a mail which is sent twice can be told by its Message-ID.
//
// The native parts are subject, text and html, all of them texts.
func (s *Sink) Encode(m bridge.Message) (bridge.Payload, error) {
	m = m.Clean()
	to, notes, err := s.recipients(m.To)
	if err != nil {
		return bridge.Payload{}, err
	}
	c, cut := layOut(m)
	p, err := s.parts(c, m.Native[name])
	if err != nil {
		return bridge.Payload{}, err
	}
	body, err := s.write(m, to, p)
	if err != nil {
		return bridge.Payload{}, err
	}
	addresses := make([]string, len(to))
	for i, a := range to {
		addresses[i] = a.Address
	}
	return bridge.Payload{
		MessageID: m.ID, ContentType: "message/rfc822", Body: body, To: addresses, Thread: m.Thread, Shortened: append(cut, notes...),
	}, nil
}

// parts is what a mail says.
type parts struct {
	subject, text, html string
}

// parts renders the content and puts the native parts in their places.
func (s *Sink) parts(c content, native map[string]any) (parts, error) {
	p := parts{subject: c.Subject, text: c.plain()}
	for key, value := range native {
		text, ok := value.(string)
		if !ok {
			return parts{}, bridge.Rejectedf("native part %s.%s is no text", name, key)
		}
		switch key {
		case "subject":
			p.subject, _ = kit.Shorten(bridge.CleanLine(text), maxTitle, kit.Runes)
		case "text":
			p.text = bridge.CleanText(text) + "\n"
		case "html":
			p.html = bridge.CleanText(text) + "\n"
		default:
			return parts{}, bridge.Rejectedf("native part %s.%s is unknown; there are subject, text and html", name, key)
		}
	}
	c.Subject = p.subject
	if p.html == "" {
		var b strings.Builder
		if err := s.card.Execute(&b, c); err != nil {
			return parts{}, bridge.Rejectedf("render the card: %v", err)
		}
		p.html = b.String()
	}
	return p, nil
}

// write puts the mail into RFC 5322 form.
func (s *Sink) write(m bridge.Message, to []*mail.Address, p parts) ([]byte, error) {
	sum := digest(m.ID, p.subject, p.text, p.html)
	domain := s.from.Address[strings.LastIndexByte(s.from.Address, '@')+1:]

	msg := gomail.NewMsg(
		gomail.WithNoDefaultUserAgent(),
		gomail.WithEncoding(gomail.EncodingQP),
		// Nobody can write text that holds the hash of itself.
		gomail.WithBoundary("part-"+sum),
	)
	msg.FromMailAddress(s.from)
	msg.ToMailAddress(to...)
	if s.replyTo != nil {
		msg.ReplyToMailAddress(s.replyTo)
	}
	msg.Subject(inert(p.subject))
	msg.SetDateWithValue(date(m))
	msg.SetMessageIDWithValue(messageID(m.ID, sum) + "@" + domain)
	// RFC 3834: an answering machine does not answer to this, nor does Exchange.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	if m.ThreadKey != "" {
		// The root of the thread was never sent; mail programs gather those that refer
		// to it nevertheless. The first mail helps those that do not.
		root := "<thread-" + digest(m.ThreadKey) + "@" + domain + ">"
		parents := []string{root}
		if mailID.MatchString(m.Thread) {
			parents = append(parents, m.Thread)
		}
		msg.SetGenHeader(gomail.HeaderInReplyTo, parents[len(parents)-1])
		msg.SetGenHeader(gomail.HeaderReferences, strings.Join(parents, " "))
	}
	msg.SetBodyString(gomail.TypeTextPlain, p.text)
	msg.AddAlternativeString(gomail.TypeTextHTML, p.html)

	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, bridge.Rejectedf("write the mail: %v", err)
	}
	if b.Len() > maxMail {
		return nil, bridge.Rejectedf("the mail has %d bytes, which is more than %d", b.Len(), maxMail)
	}
	return b.Bytes(), nil
}

// mailID is the form of a Message-ID.
var mailID = regexp.MustCompile(`^<[^<>\s]{1,200}>$`)

// inert keeps a subject of plain ASCII from being read as an RFC 2047 encoded
// word, which could say something else than it seems to.
func inert(subject string) string { return strings.ReplaceAll(subject, "=?", "= ?") }

// digest is a hash of texts, short enough for a header.
func digest(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		h.Write(binary.AppendUvarint(nil, uint64(len(t))))
		h.Write([]byte(t))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// messageID is the left part of the Message-ID: the message's id, or the hash
// of its content when that cannot stand in a header.
func messageID(id, sum string) string {
	const fit = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	if id == "" || len(id) > maxLocalPart || strings.Trim(id, fit) != "" {
		return sum
	}
	return id
}

// date is when the event happened, else when its delivery was made, which a
// UUIDv7 tells, else a moment that is plainly wrong but always the same.
func date(m bridge.Message) time.Time {
	if t := m.Time.UTC(); t.Year() >= 1970 && t.Year() <= 9999 {
		return t
	}
	if id, err := uuid.Parse(m.ID); err == nil && id.Version() == 7 {
		return time.Unix(id.Time().UnixTime()).UTC()
	}
	return time.Unix(0, 0).UTC()
}
