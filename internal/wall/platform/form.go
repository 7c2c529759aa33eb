package platform

import (
	"net/http"
	"net/url"
)

// ReadForm is a form as JSON.
func ReadForm(_ *http.Request, body []byte) []byte {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return body
	}
	keys := map[string]any{}
	for key, values := range form {
		keys[key] = values[0]
	}
	return []byte(JSON(0, keys).Body)
}
