package email

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"golang.org/x/net/html"
)

// letter is a mail as its reader has it.
type letter struct {
	header     mail.Header
	subject    string
	text, html string
}

// read takes a mail apart by the standard library, and fails the test if it is
// not what RFC 5322 and RFC 2046 ask for.
func read(t *testing.T, raw []byte) letter {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("read the mail: %v", err)
	}
	l := letter{header: m.Header}
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		t.Fatalf("read the subject: %v", err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("Content-Type = %q, %v; want multipart/alternative", kind, err)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	l.text = part(t, r, "text/plain")
	l.html = part(t, r, "text/html")
	if _, err := r.NextRawPart(); err != io.EOF {
		t.Errorf("after the two parts: %v, want the end", err)
	}
	return l
}

// part reads the next part, which must be of that type.
func part(t *testing.T, r *multipart.Reader, want string) string {
	t.Helper()
	p, err := r.NextRawPart()
	if err != nil {
		t.Fatalf("part %s: %v", want, err)
	}
	kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
	if err != nil || kind != want || params["charset"] != "UTF-8" || p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
		t.Fatalf("part has the header %v, want %s", p.Header, want)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(body), "\r\n", "\n")
}

// checkMail is what holds for every mail, whatever its message says.
func checkMail(t *testing.T, m bridge.Message, p bridge.Payload) {
	t.Helper()
	checkLines(t, p.Body)
	l := read(t, p.Body)
	allowed := []string{
		"Auto-Submitted", "Content-Type", "Date", "From", "In-Reply-To", "Message-Id", "Mime-Version", "References", "Reply-To", "Subject", "To",
		"X-Auto-Response-Suppress",
	}
	for key, values := range l.header {
		if !slices.Contains(allowed, key) || len(values) != 1 {
			t.Errorf("header %s stands there %d times: %q", key, len(values), values)
		}
	}
	for _, key := range []string{"From", "To", "Reply-To"} {
		if _, err := l.header.AddressList(key); err != nil && l.header.Get(key) != "" {
			t.Errorf("header %s: %v", key, err)
		}
	}
	if _, err := l.header.Date(); err != nil {
		t.Errorf("header Date: %v", err)
	}
	if !slices.Equal(p.To, m.To) {
		t.Errorf("envelope recipients = %q, want %q", p.To, m.To)
	}
	if strings.TrimSpace(l.subject) == "" || strings.TrimSpace(l.text) == "" || strings.ContainsAny(l.subject, "\r\n") {
		t.Errorf("subject %q, text %q: want both", l.subject, l.text)
	}
	checkHTML(t, l.html)
}

// checkLines checks what SMTP asks of a mail's bytes (RFC 5321 section 4.5.3.1).
func checkLines(t *testing.T, raw []byte) {
	t.Helper()
	if len(raw) > maxMail {
		t.Errorf("the mail has %d bytes", len(raw))
	}
	for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("line of %d bytes or with a bare line end: %.100q", len(line), line)
		}
		if i := bytes.IndexFunc(line, func(r rune) bool { return r >= 0x80 }); i >= 0 {
			t.Fatalf("not ASCII: %.100q", line)
		}
	}
}

// checkHTML fails the test if the HTML does anything but show text and link.
func checkHTML(t *testing.T, page string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if !slices.Contains(strings.Fields("html head meta title style body table tbody tr td th h1 p a br strong em code img"), n.Data) {
			t.Errorf("element %s does not belong into a mail", n.Data)
		}
		for _, a := range n.Attr {
			checkAttribute(t, n.Data, a)
		}
	}
}

func checkAttribute(t *testing.T, element string, a html.Attribute) {
	t.Helper()
	switch {
	case strings.HasPrefix(a.Key, "on"):
		t.Errorf("<%s %s>: a script", element, a.Key)
	case a.Key == "href" || a.Key == "src":
		u, err := url.Parse(a.Val)
		if err != nil || !slices.Contains([]string{"http", "https", "mailto"}, u.Scheme) {
			t.Errorf("<%s %s=%q>: not a link that a mail may have", element, a.Key, a.Val)
		}
	case a.Key == "style" && strings.Contains(a.Val, "ZgotmplZ"):
		t.Errorf("<%s style=%q>: a value was not accepted by html/template", element, a.Val)
	}
}
