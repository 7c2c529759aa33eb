package kit

import (
	"encoding/json"
	"net/url"
)

// FormType is the media type of FormBody.
const FormType = "application/x-www-form-urlencoded"

// FormBody is a payload in JSON as a form, for platforms that take one; more are fields
// besides. Texts stand as they are, and everything else as its JSON.
func FormBody(d Draft, more map[string]string) []byte {
	form := url.Values{}
	for key, value := range d {
		text := string(value)
		_ = json.Unmarshal(value, &text) // what is no text stays
		form.Set(key, text)
	}
	for key, value := range more {
		form.Set(key, value)
	}
	return []byte(form.Encode())
}
