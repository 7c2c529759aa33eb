package absorb

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"
)

// maxSignature limits a header value, in bytes; longer values are refused.
const maxSignature = 256

// digest is the signature inside a header value.
type digest struct {
	sum  [sha256.Size]byte
	form Form
}

// among returns the index of the sum that equals the digest, or -1. It compares whole
// sums in constant time.
func (d digest) among(sums [][sha256.Size]byte) int {
	for i := range sums {
		if hmac.Equal(d.sum[:], sums[i][:]) {
			return i
		}
	}
	return -1
}

// What may surround a digest: the scheme's name in front ("sha256=", "HMAC-SHA256 "),
// and parameters ("t=1795442551,v1=…", "v1,…").
var (
	schemeName = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_-]{0,31})(?:=|: ?| |-|/)$`)
	parameter  = regexp.MustCompile(`^(?:([A-Za-z][A-Za-z0-9_-]{0,31})=("?)[A-Za-z0-9._:/-]{1,64}("?)|v[0-9])$`)
)

// readDigest reads the one signature in a header value. A value with several
// signatures, with a repeated name or with other text has none. If a text is valid in
// two forms, the expected form counts.
func readDigest(value string, expected Form) (d digest, ok bool) {
	if len(value) > maxSignature {
		return d, false
	}
	names := map[string]bool{}
	for item := range strings.SplitSeq(value, ",") {
		item = strings.TrimSpace(item)
		found, name, isDigest := readItem(item, expected)
		if !isDigest {
			match := parameter.FindStringSubmatch(item)
			if match == nil || match[2] != match[3] {
				return d, false
			}
			name = match[1]
		}
		if name = strings.ToLower(name); isDigest && ok || name != "" && names[name] {
			return d, false
		}
		names[name] = true
		if isDigest {
			d, ok = found, true
		}
	}
	return d, ok
}

// readItem reads a digest that may have its scheme's name in front, and may be quoted.
func readItem(item string, expected Form) (d digest, name string, ok bool) {
	if end := len(item) - 1; end >= 0 && (item[end] == '"' || item[end] == '\'') {
		start := strings.IndexByte(item, item[end])
		if start == end {
			return d, "", false
		}
		return namedDigest(item[:start], item[start+1:end], expected)
	}
	for _, size := range digestSizes() {
		if start := len(item) - size; start >= 0 && !ok {
			d, name, ok = namedDigest(item[:start], item[start:], expected)
		}
	}
	return d, name, ok
}

func namedDigest(prefix, text string, expected Form) (d digest, name string, ok bool) {
	if d, ok = decodeDigest(text, expected); !ok || prefix == "" {
		return d, "", ok
	}
	match := schemeName.FindStringSubmatch(prefix)
	if match == nil {
		return d, "", false
	}
	return d, match[1], true
}

// digestSizes are the possible lengths of 32 bytes as text: hex with and without
// separators, base64 with and without padding.
func digestSizes() []int {
	return []int{3*sha256.Size - 1, 2 * sha256.Size, base64.StdEncoding.EncodedLen(sha256.Size), base64.RawStdEncoding.EncodedLen(sha256.Size)}
}

// decodeDigest reads a text that consists of 32 bytes in one of the forms.
func decodeDigest(text string, expected Form) (d digest, ok bool) {
	switch len(text) {
	case 2 * sha256.Size:
		_, err := hex.Decode(d.sum[:], []byte(text))
		d.form = hexForm(text, expected)
		return d, err == nil
	case 3*sha256.Size - 1:
		return decodeDivided(text)
	}
	digits := strings.TrimSuffix(text, "=")
	if len(digits) != base64.RawStdEncoding.EncodedLen(sha256.Size) {
		return d, false
	}
	encoding := base64.RawStdEncoding.Strict()
	d.form = Base64
	if strings.ContainsAny(digits, "-_") || expected == Base64URL && !strings.ContainsAny(digits, "+/") {
		d.form, encoding = Base64URL, base64.RawURLEncoding.Strict()
	}
	n, err := encoding.Decode(d.sum[:], []byte(digits))
	return d, err == nil && n == len(d.sum)
}

// decodeDivided reads hex whose bytes are separated by dashes or colons.
func decodeDivided(text string) (d digest, ok bool) {
	by := text[2]
	if by != '-' && by != ':' {
		return d, false
	}
	for i := 2; i < len(text); i += 3 {
		if text[i] != by {
			return d, false
		}
	}
	digits := strings.ReplaceAll(text, string(by), "")
	if len(digits) != hex.EncodedLen(sha256.Size) {
		return d, false
	}
	_, err := hex.Decode(d.sum[:], []byte(digits))
	d.form = HexDashed
	return d, err == nil
}

func hexForm(digits string, expected Form) Form {
	upper := strings.ContainsAny(digits, "ABCDEF")
	if upper || expected == HexUpper && !strings.ContainsAny(digits, "abcdef") {
		return HexUpper
	}
	return Hex
}
