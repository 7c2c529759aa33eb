package email

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/sinks/kit"
	"golang.org/x/net/idna"
)

// Bounds of an address, in bytes (RFC 5321 section 4.5.3.1, with its erratum
// 1690) and of the name beside it, in characters.
const (
	maxLocalPart   = 64
	maxAddress     = 254
	maxAddressName = 100
)

// maxRecipients bounds the recipients of one mail: a server need not take more
// in one transaction (RFC 5321 section 4.5.3.1.8).
const maxRecipients = 100

// atoms are what a local part is made of without quotes, besides letters and
// digits (RFC 5322 section 3.2.3). Quoted ones, which may hold anything, are
// not accepted: hardly a mailbox has one.
const atoms = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~."

const domainChars = "abcdefghijklmnopqrstuvwxyz0123456789-._"

// errAddress is the fault of a text that is not one address.
var errAddress = errors.New(`want one address, such as lms@example.com or "LMS <lms@example.com>"`)

// parseSetting reads an address that an admin wrote, who may have written several.
func parseSetting(text string) (*mail.Address, error) {
	if all, err := mail.ParseAddressList(text); err == nil && len(all) > 1 {
		return nil, errAddress
	}
	return parseAddress(text)
}

// split takes a name and an address apart. A name comes from Absorb and is not
// quoted: it may hold commas, brackets, colons, and other addresses. What stands
// between the last angle brackets is the address.
func split(text string) (*mail.Address, error) {
	text = strings.TrimSpace(bridge.CleanLine(text))
	before, bracketed := strings.CutSuffix(text, ">")
	i := strings.LastIndexByte(before, '<')
	if !bracketed || i < 0 {
		return mail.ParseAddress(text)
	}
	a, err := mail.ParseAddress(strings.TrimSpace(before[i+1:]))
	if err != nil {
		return nil, err
	}
	name := strings.TrimSpace(before[:i])
	if len(name) > 1 && name[0] == '"' && name[len(name)-1] == '"' || strings.HasPrefix(name, "=?") {
		if whole, err := mail.ParseAddress(name + " <" + a.Address + ">"); err == nil {
			name = whole.Name // quoted or encoded by the rules
		}
	}
	return &mail.Address{Name: inert(name), Address: a.Address}, nil
}

// parseAddress reads one address, with a name beside it or without. Its errors
// do not repeat the text.
func parseAddress(text string) (*mail.Address, error) {
	a, err := split(text)
	if err != nil {
		return nil, errAddress
	}
	at := strings.LastIndexByte(a.Address, '@')
	local, domain := a.Address[:at], strings.ToLower(a.Address[at+1:])
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = ascii
	}
	switch {
	case strings.Trim(local, atoms) != "" || local == "" || len(local) > maxLocalPart:
		return nil, errors.New("what stands before the @ is not plain ASCII of at most 64 characters")
	case strings.Trim(domain, domainChars) != "" || domain == "":
		return nil, errors.New("what stands after the @ is no domain")
	}
	a.Address = local + "@" + domain
	if len(a.Address) > maxAddress {
		return nil, fmt.Errorf("longer than %d characters", maxAddress)
	}
	a.Name, _ = kit.Shorten(bridge.CleanLine(a.Name), maxAddressName, kit.Runes)
	return a, nil
}

// checkRecipients finds mistakes in the recipients that are no templates.
func (c Config) checkRecipients() error {
	if len(c.To) == 0 {
		return kit.Setting("to", "required: at least one address, or a template such as {{ .user.emailAddress }}")
	}
	var errs []error
	for i, text := range c.To {
		if isTemplate(text) {
			continue
		}
		if _, err := parseSetting(text); err != nil {
			errs = append(errs, kit.Setting(fmt.Sprintf("to[%d]", i), "%v", err))
		}
	}
	for i, text := range c.Fallback {
		if _, err := parseSetting(text); err != nil {
			errs = append(errs, kit.Setting(fmt.Sprintf("fallback[%d]", i), "%v", err))
		}
	}
	return errors.Join(errs...)
}

func isTemplate(text string) bool { return strings.Contains(text, "{{") }

// recipients reads a message's recipients, each one once. Those that cannot be
// used are left out and noted by their place, since the log should not hold
// people's addresses. If none is left the fallback's are taken; it is an error if
// there are none either.
func (s *Sink) recipients(texts []string) ([]*mail.Address, []string, error) {
	if texts == nil {
		texts = s.fixed()
	}
	all, notes, bad := usable(texts)
	if len(all) == 0 {
		all, _, _ = usable(s.spare)
	}
	if len(all) == 0 {
		return nil, nil, noRecipient(bad)
	}
	if more := len(all) - maxRecipients; more > 0 {
		all = all[:maxRecipients]
		notes = append(notes, fmt.Sprintf("%d recipients", more))
	}
	return all, notes, nil
}

// usable reads addresses. It notes those that are none, and gives them for an error.
func usable(texts []string) (all []*mail.Address, notes, bad []string) {
	seen := map[string]bool{}
	for i, text := range texts {
		a, err := parseAddress(text)
		if err != nil {
			notes = append(notes, fmt.Sprintf("recipient %d: %v", i+1, err))
			bad = append(bad, fmt.Sprintf("%q", bridge.Cut(bridge.CleanLine(text), maxAddress)))
			continue
		}
		// Local parts may differ by case alone, but no one lets them: two mails in
		// one mailbox are likelier.
		if key := strings.ToLower(a.Address); !seen[key] {
			seen[key] = true
			all = append(all, a)
		}
	}
	return all, notes, bad
}

// fixed are the recipients that do not depend on the event.
func (s *Sink) fixed() []string {
	var all []string
	for _, text := range s.to {
		if !isTemplate(text) {
			all = append(all, text)
		}
	}
	return all
}

func noRecipient(bad []string) error {
	const do = "to have such mails sent to somebody, name an address in the setting fallback"
	if len(bad) == 0 {
		return bridge.Rejectedf("the message has no recipient: every template of the setting to came out empty; %s", do)
	}
	return bridge.Rejectedf("no recipient has a valid address: %s; %s", bridge.Cut(strings.Join(bad, ", "), kit.MaxDetail), do)
}
