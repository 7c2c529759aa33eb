package email

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// maxMailLine is the longest line that a mail may have, in bytes without its
// end: RFC 5322 section 2.1.1.
const maxMailLine = 998

// Read reads a mail as RFC 5322 defines it. The error is what a mail server
// would refuse it with; the notes are what a filter would hold against it.
func Read(raw []byte) (*platform.Mail, []string, error) {
	for line := range bytes.SplitSeq(raw, []byte("\n")) {
		if len(bytes.TrimSuffix(line, []byte("\r"))) > maxMailLine {
			return nil, nil, fmt.Errorf("line length exceeds %d octets (RFC 5322 section 2.1.1)", maxMailLine)
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, nil, errors.New("messages should have a readable header (RFC 5322 section 2.2)")
	}
	if _, err := m.Header.AddressList("From"); err != nil {
		return nil, nil, errors.New("messages missing a valid address in From: header, or having no From: header, are not accepted")
	}
	for _, key := range []string{"From", "Subject", "Date", "Message-Id", "To"} {
		if len(m.Header[key]) > 1 {
			return nil, nil, fmt.Errorf("messages with multiple %s: headers are not accepted (RFC 5322 section 3.6)", key)
		}
	}
	decoded := func(key string) string {
		text, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get(key))
		if err != nil {
			return m.Header.Get(key)
		}
		return text
	}
	read := &platform.Mail{From: decoded("From"), To: decoded("To"), Subject: decoded("Subject"), MessageID: m.Header.Get("Message-Id")}
	notes := notes(m.Header)
	if err := readParts(read, textproto.MIMEHeader(m.Header), m.Body, 0); err != nil {
		return nil, nil, fmt.Errorf("the message's MIME structure cannot be read: %w", err)
	}
	return read, notes, nil
}

// notes are the reasons for which filters distrust a mail's header.
func notes(h mail.Header) []string {
	var notes []string
	if _, err := h.Date(); err != nil {
		notes = append(notes, "no valid Date")
	}
	if h.Get("Message-Id") == "" {
		notes = append(notes, "no Message-ID")
	}
	if h.Get("Mime-Version") == "" {
		notes = append(notes, "no MIME-Version")
	}
	if h.Get("Auto-Submitted") == "" {
		notes = append(notes, "no Auto-Submitted: absence replies will come back (RFC 3834)")
	}
	for key, values := range h {
		for _, v := range values {
			if strings.IndexFunc(v, func(r rune) bool { return r > 0x7e }) >= 0 {
				notes = append(notes, key+" is not plain ASCII")
			}
		}
	}
	return notes
}

// maxMailDepth bounds how deep multiparts may nest.
const maxMailDepth = 8

// readParts finds the first text and the first HTML part.
func readParts(m *platform.Mail, header textproto.MIMEHeader, body io.Reader, depth int) error {
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if header.Get("Content-Type") == "" {
		media, err = "text/plain", nil
	}
	if err != nil {
		return err
	}
	if !strings.HasPrefix(media, "multipart/") {
		return readLeaf(m, media, header.Get("Content-Transfer-Encoding"), body)
	}
	if depth == maxMailDepth {
		return errors.New("too many levels of parts")
	}
	reader := multipart.NewReader(body, params["boundary"])
	for count := 0; ; count++ {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) && count > 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if err := readParts(m, part.Header, part, depth+1); err != nil {
			return err
		}
	}
}

func readLeaf(m *platform.Mail, media, encoding string, body io.Reader) error {
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	whole := strings.ReplaceAll(string(text), "\r\n", "\n")
	switch {
	case media == "text/plain" && m.Text == "":
		m.Text = whole
	case media == "text/html" && m.HTML == "":
		m.HTML = whole
	}
	return nil
}
