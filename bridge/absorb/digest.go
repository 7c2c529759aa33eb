package absorb

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

const (
	maxSignature = 512 // of a header value, in bytes; a longer one is not read
	maxDigests   = 8   // in one header value
	base64Length = 43  // of 32 bytes, without padding
)

// digest is one signature inside a header value.
type digest struct {
	sum  [sha256.Size]byte
	form Form
}

// among gives the index of the sum that equals the digest, or -1. It compares
// whole sums in constant time.
func (d digest) among(sums [][sha256.Size]byte) int {
	for i := range sums {
		if hmac.Equal(d.sum[:], sums[i][:]) {
			return i
		}
	}
	return -1
}

// digests finds the signatures in a header value: each run of characters that is
// the hex or base64 form of 32 bytes, whatever stands around it ("sha256=…",
// "t=…,v1=…", quotes). A text that is right in two forms is in the expected one.
func digests(value string, expected Form) (all []digest) {
	if len(value) > maxSignature {
		return nil
	}
	for i := 0; i < len(value) && len(all) < maxDigests; i++ {
		if i > 0 && isAlnum(value[i-1]) {
			continue // inside a word
		}
		if d, ok := hexDigest(value[i:], expected); ok {
			all = append(all, d)
			continue
		}
		if i == 0 || !isBase64(value[i-1]) {
			if d, ok := base64Digest(value[i:], expected); ok {
				all = append(all, d)
			}
		}
	}
	return all
}

// hexDigest reads 32 bytes of hex at the beginning of a text, whole or divided by
// dashes or colons.
func hexDigest(text string, expected Form) (d digest, ok bool) {
	size := hex.EncodedLen(len(d.sum))
	step := 2
	if len(text) > 2 && (text[2] == '-' || text[2] == ':') {
		step = 3
		size += len(d.sum) - 1
	}
	if len(text) < size || len(text) > size && isAlnum(text[size]) {
		return d, false
	}
	digits := text[:size]
	if step == 3 {
		digits = strings.ReplaceAll(digits, text[2:3], "")
	}
	for i := 2; step == 3 && i < size; i += step {
		if text[i] != text[2] {
			return d, false
		}
	}
	if len(digits) != hex.EncodedLen(len(d.sum)) {
		return d, false
	}
	if _, err := hex.Decode(d.sum[:], []byte(digits)); err != nil {
		return d, false
	}
	d.form = hexForm(text[:size], digits, expected)
	return d, true
}

// base64Digest reads 32 bytes of base64 in the run of such characters at the
// beginning of a text: the whole run, or its end behind a prefix such as "sha256-".
func base64Digest(text string, expected Form) (d digest, ok bool) {
	size := strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 || !isBase64(byte(r)) })
	if size < 0 {
		size = len(text)
	}
	start := size - base64Length
	if start < 0 || start > 0 && isAlnum(text[start-1]) {
		return d, false
	}
	run := text[start:size]
	d.form = Base64
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(run, "-_") || expected == Base64URL && !strings.ContainsAny(run, "+/") {
		d.form, encoding = Base64URL, base64.RawURLEncoding
	}
	n, err := encoding.Decode(d.sum[:], []byte(run))
	return d, err == nil && n == len(d.sum)
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isBase64 tells the digits of both alphabets.
func isBase64(c byte) bool { return isAlnum(c) || strings.IndexByte("+/-_", c) >= 0 }

func hexForm(text, digits string, expected Form) Form {
	switch {
	case len(text) != len(digits):
		return HexDashed
	case strings.ContainsAny(digits, "ABCDEF"):
		return HexUpper
	case expected == HexUpper && !strings.ContainsAny(digits, "abcdef"):
		return HexUpper
	}
	return Hex
}
