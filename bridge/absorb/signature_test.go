package absorb

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge"
)

// The vector was made by another program:
//
//	printf '%s' "$vectorBody" | openssl dgst -sha256 -hmac "$vectorSecret" -hex
const (
	vectorBody   = `{"eventName":"Certificate Awarded","userId":"10000000-0000-4000-a000-000000000001"}`
	vectorSecret = "vector secret é"
	vectorHex    = "525a032b724605fdf9034385f4707817f2fcfa55351d3e9759d59c87ecd8ebe3"
)

func key(t testing.TB, secret string) Key {
	t.Helper()
	k, err := NewKey(bridge.Secret(secret), "text")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// spellings are the vector's signature in every form that is accepted.
func spellings(t testing.TB) map[string]Form {
	t.Helper()
	sum, err := hex.DecodeString(vectorHex)
	if err != nil {
		t.Fatal(err)
	}
	upper := strings.ToUpper(vectorHex)
	divided := func(by string) string {
		var pairs []string
		for i := 0; i < len(upper); i += 2 {
			pairs = append(pairs, upper[i:i+2])
		}
		return strings.Join(pairs, by)
	}
	all := map[string]Form{
		vectorHex: Hex, upper: HexUpper, divided("-"): HexDashed, divided(":"): HexDashed, strings.ToLower(divided("-")): HexDashed,
		"  " + vectorHex + "\t": Hex,
	}
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding} {
		all[e.EncodeToString(sum)] = Base64
	}
	for _, e := range []*base64.Encoding{base64.URLEncoding, base64.RawURLEncoding} {
		if text := e.EncodeToString(sum); strings.ContainsAny(text, "-_") {
			all[text] = Base64URL
		}
	}
	for spelling, form := range maps.Clone(all) {
		text := strings.TrimSpace(spelling)
		for _, prefix := range []string{
			"sha256=", "hmac-sha256=", "v1=", "v1,", "SHA256=", "hmacsha256=", "HMAC-SHA256 ", "HmacSHA256: ", "sha256-", "sha256:", "sha256/",
			"t=1795442551,v1=", "t=1795442551, v1=", "keyId=\"k1\",algorithm=\"hmac-sha256\",signature=",
		} {
			all[prefix+text] = form
		}
		all[`"`+text+`"`] = form
		all["'"+text+"'"] = form
		all["signature=\""+text+"\""] = form
		all["v1="+text+",t=1795442551"] = form
	}
	return all
}

func TestVerifyEverySpelling(t *testing.T) {
	keys := []Key{key(t, "another secret"), key(t, vectorSecret)}
	for spelling, form := range spellings(t) {
		m, err := Verify([]string{spelling}, []byte(vectorBody), keys, "")
		if err != nil || m.Key != 1 || m.Form != form {
			t.Errorf("%q: %+v, %v; want form %s", spelling, m, err, form)
		}
		if _, err := Verify([]string{spelling}, []byte(vectorBody), keys, form); err != nil {
			t.Errorf("%q, pinned to its own form: %v", spelling, err)
		}
		for _, other := range Forms() {
			_, err := Verify([]string{spelling}, []byte(vectorBody), keys, other)
			if se, ok := errors.AsType[*SignatureError](err); other != form && (!ok || se.Reason != WrongForm) {
				t.Errorf("%q, pinned to %s: %v", spelling, other, err)
			}
		}
	}
}

// TestPinnedFormOfAmbiguousText pins forms whose texts may look like another's:
// a quarter of all signatures have neither + nor / in base64.
func TestPinnedFormOfAmbiguousText(t *testing.T) {
	k := key(t, vectorSecret)
	seen := 0
	for i := range 200 {
		body := []byte(strconv.Itoa(i))
		sum, err := hex.DecodeString(Sign(k, body))
		if err != nil {
			t.Fatal(err)
		}
		for form, e := range map[Form]*base64.Encoding{Base64: base64.StdEncoding, Base64URL: base64.URLEncoding} {
			text := e.EncodeToString(sum)
			if !strings.ContainsAny(text, "+/-_") {
				seen++
			}
			if _, err := Verify([]string{text}, body, []Key{k}, form); err != nil {
				t.Errorf("%s %s: %v", form, text, err)
			}
		}
	}
	if seen == 0 {
		t.Error("no text was ambiguous")
	}
}

func TestVerifyRefuses(t *testing.T) {
	keys := []Key{key(t, vectorSecret)}
	for name, c := range map[string]struct {
		header []string
		body   string
		reason Reason
	}{
		"no header":            {nil, vectorBody, Missing},
		"one byte of the body": {[]string{vectorHex}, strings.Replace(vectorBody, "C", "c", 1), Mismatch},
		"a byte more":          {[]string{vectorHex}, vectorBody + "\n", Mismatch},
		"another signature":    {[]string{strings.Repeat("ab", 32)}, vectorBody, Mismatch},
		"too short":            {[]string{vectorHex[:62]}, vectorBody, Malformed},
		"too long":             {[]string{vectorHex + "00"}, vectorBody, Malformed},
		"no digits":            {[]string{"Zoë"}, vectorBody, Malformed},
		"empty":                {[]string{""}, vectorBody, Malformed},
		"prefix alone":         {[]string{"sha256="}, vectorBody, Malformed},
		"huge":                 {[]string{strings.Repeat("a", 1<<20)}, vectorBody, Malformed},
		"hex inside a word":    {[]string{"x" + vectorHex}, vectorBody, Malformed},
		"behind much else":     {[]string{strings.Repeat(" ", maxSignature) + vectorHex}, vectorBody, Malformed},
		"after another":        {[]string{strings.Repeat("00", 32) + "," + vectorHex}, vectorBody, Malformed},
		"before another":       {[]string{vectorHex + "," + strings.Repeat("00", 32)}, vectorBody, Malformed},
		"itself twice":         {[]string{vectorHex + "," + vectorHex}, vectorBody, Malformed},
		"two versions":         {[]string{"t=1,v1=" + strings.Repeat("00", 32) + ",v0=" + vectorHex}, vectorBody, Malformed},
		"two of a name":        {[]string{"v1=1,v1=" + vectorHex}, vectorBody, Malformed},
		"prefix twice":         {[]string{"sha256=sha256=" + vectorHex}, vectorBody, Malformed},
		"prefix of no name":    {[]string{"0x" + vectorHex}, vectorBody, Malformed},
		"prefix without end":   {[]string{"sha256" + vectorHex}, vectorBody, Malformed},
		"junk behind":          {[]string{vectorHex + " x"}, vectorBody, Malformed},
		"junk far behind":      {[]string{vectorHex + strings.Repeat(" ", 100) + "x"}, vectorBody, Malformed},
		"empty parameter":      {[]string{vectorHex + ","}, vectorBody, Malformed},
		"one quote":            {[]string{`"` + vectorHex}, vectorBody, Malformed},
		"unlike quotes":        {[]string{`"` + vectorHex + `'`}, vectorBody, Malformed},
		"quotes in a prefix":   {[]string{`sha"256=` + vectorHex + `"`}, vectorBody, Malformed},
		"hex of its hex":       {[]string{hex.EncodeToString([]byte(vectorHex))}, vectorBody, Malformed},
		"base64 of its hex":    {[]string{base64.StdEncoding.EncodeToString([]byte(vectorHex))}, vectorBody, Malformed},
		"padded twice":         {[]string{base64.StdEncoding.EncodeToString(make([]byte, 32)) + "="}, vectorBody, Malformed},
		"dashes and colons":    {[]string{strings.Repeat("ab-cd:", 15) + "ab-cd"}, vectorBody, Malformed},
		"misplaced dashes":     {[]string{"ab-abc-d" + strings.Repeat("-ab", 29)}, vectorBody, Malformed},
		"base64 of 31 bytes":   {[]string{base64.StdEncoding.EncodeToString(make([]byte, 31))}, vectorBody, Malformed},
	} {
		_, err := Verify(c.header, []byte(c.body), keys, "")
		se, ok := errors.AsType[*SignatureError](err)
		if !ok || se.Reason != c.reason {
			t.Errorf("%s: %v, want %s", name, err, c.reason)
			continue
		}
		if text := err.Error(); strings.Contains(text, vectorSecret) || len(c.header) > 0 && len(c.header[0]) > 6 && strings.Contains(text, c.header[0]) {
			t.Errorf("%s: the error shows a secret or the signature: %s", name, text)
		}
	}
	if _, err := Verify([]string{vectorHex}, []byte(vectorBody), nil, ""); err == nil {
		t.Error("a source without keys accepts")
	}
}

// TestEveryBitCounts changes each bit of a signature, in each form.
func TestEveryBitCounts(t *testing.T) {
	sum, err := hex.DecodeString(vectorHex)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(sum) * 8 {
		changed := bytes.Clone(sum)
		changed[bit/8] ^= 1 << (bit % 8)
		for _, text := range []string{hex.EncodeToString(changed), base64.StdEncoding.EncodeToString(changed)} {
			if _, err := Verify([]string{text}, []byte(vectorBody), []Key{key(t, vectorSecret)}, ""); err == nil {
				t.Errorf("bit %d is not compared", bit)
			}
		}
	}
}

// TestOtherReadings signs with what a secret's text could stand for besides what
// the source says. That is refused, and the reason names the setting.
func TestOtherReadings(t *testing.T) {
	raw := "sixteen bytes ok"
	b64, hexed := base64.StdEncoding.EncodeToString([]byte(raw)), hex.EncodeToString([]byte(raw))
	for name, c := range map[string]struct{ secret, encoding, signedWith, want string }{
		"base64":             {b64, "", raw, "secret 1 would match with secret_encoding: base64"},
		"hex":                {hexed, "text", raw, "with secret_encoding: hex"},
		"text":               {b64, "base64", b64, "with secret_encoding: text"},
		"white space":        {" " + raw + "\n", "", raw, "without the spaces around it"},
		"white space, coded": {b64 + "\n", "", raw, "without the spaces around it and with secret_encoding: base64"},
		"another secret":     {b64, "", "another", "copy the whole Secret Key"},
	} {
		k, err := NewKey(bridge.Secret(c.secret), c.encoding)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Verify([]string{Sign(key(t, c.signedWith), []byte(vectorBody))}, []byte(vectorBody), []Key{k}, "")
		se, ok := errors.AsType[*SignatureError](err)
		if !ok || se.Reason != Mismatch || !strings.Contains(se.Hint, c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
			continue
		}
		for _, secret := range []string{raw, b64, hexed} {
			if strings.Contains(se.Hint, secret) {
				t.Errorf("%s: the hint shows the secret: %s", name, se.Hint)
			}
		}
	}
	_, err := Verify([]string{vectorHex}, []byte(vectorBody), []Key{key(t, vectorSecret)}, Base64)
	if err == nil || !strings.Contains(err.Error(), "with signature: hex it would match") {
		t.Error(err)
	}
}

func TestAnyHeaderValueMayMatch(t *testing.T) {
	for _, values := range [][]string{{"nonsense", vectorHex}, {vectorHex, "nonsense"}, {vectorHex, strings.Repeat("ab", 32)}} {
		h := http.Header{}
		h.Add("Absorb-Signature", values[0])
		h.Add("absorb-signature", values[1])
		if _, err := Verify(h.Values(SignatureHeader), []byte(vectorBody), []Key{key(t, vectorSecret)}, ""); err != nil {
			t.Errorf("%q: %v", values, err)
		}
	}
}

func TestKeys(t *testing.T) {
	want := Sign(key(t, vectorSecret), []byte(vectorBody))
	if want != vectorHex {
		t.Errorf("Sign = %s", want)
	}
	for encoding, secret := range map[string]string{
		"": vectorSecret, "text": vectorSecret, "hex": hex.EncodeToString([]byte(vectorSecret)), "base64": base64.StdEncoding.EncodeToString([]byte(vectorSecret)),
	} {
		k, err := NewKey(bridge.Secret(secret), encoding)
		if err != nil || Sign(k, []byte(vectorBody)) != want {
			t.Errorf("secret_encoding %q: %v", encoding, err)
		}
	}
	for _, encoding := range []string{"text", "hex", "base64"} {
		if _, err := NewKey("\r\n", encoding); err == nil { // base64 would skip the line break and sign with nothing
			t.Errorf("secret_encoding %q: a blank secret is taken", encoding)
		}
	}
	for encoding, secret := range map[string]string{"hex": "not-hex-s3cr3t", "base64": "!s3cr3t!", "rot13": "s3cr3t", "text": ""} {
		if _, err := NewKey(bridge.Secret(secret), encoding); err == nil || secret != "" && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("secret_encoding %q: %v", encoding, err)
		}
	}
}

// FuzzDecodeSignature looks for panics, and for texts that decode to 32 bytes
// which encode to nothing like them.
func FuzzDecodeSignature(f *testing.F) {
	for spelling := range spellings(f) {
		f.Add(spelling)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, ok := readDigest(text, ""); ok {
			if len(text) > maxSignature {
				t.Errorf("a signature in %d bytes", len(text))
			}
			folded := strings.ToLower(strings.NewReplacer("-", "", ":", "", "_", "", "+", "", "/", "").Replace(text))
			want := hex.EncodeToString(d.sum[:])
			if d.form == Base64 || d.form == Base64URL {
				want = strings.NewReplacer("+", "", "/", "").Replace(strings.ToLower(base64.RawStdEncoding.EncodeToString(d.sum[:])))
				want = want[:len(want)-1] // the last digit holds bits that decoding drops
			}
			if !strings.Contains(folded, want) {
				t.Errorf("%q is read as %s, form %s", text, want, d.form)
			}
		}
	})
}
