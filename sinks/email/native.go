package email

import "github.com/absorb-bridge/absorb-bridge/sinks/kit"

// nativeParts are the parts of a mail that a template may write itself.
type nativeParts struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

// CheckNative finds keys and types that a mail does not have.
func CheckNative(part map[string]any) error { return kit.CheckShape("", part, nativeParts{}) }
