package config

import (
	"strings"
	"testing"
)

// TestLinks: what cannot be an address of a page is a fault, at its place.
func TestLinks(t *testing.T) {
	for _, tt := range []struct{ settings, fault string }{
		{`portal: "https://a.example.com/", links: { course: "/#/c/{id}", user: "https://b.example.com/u/{id}/x?y={id}#{id}" }`, ""},
		{`portal: "https://a.example.com/lms", links: { course: "/{id}" }`, ""},
		{`links: { user: "http://b.example.com/{id}" }`, ""},
		{`links: { group: "" }`, ""},
		{`links: { group: }`, ""},
		{`links: { course: "/#/c/{id}" }`, "6:15: sources.p.links.course: begins at the portal's address, which is not set: set portal"},
		{`links: { user: "https://b.example.com/" }`, "6:13: sources.p.links.user: write {id} where the id belongs, such as https://"},
		{`links: { user: "https://b.example.com/{userId}" }`, "unknown placeholder {userId}; write {id} where the id belongs"},
		{`links: { user: "https://b.example.com/{id}/{" }`, "unknown placeholder {;"},
		{`links: { user: "https://{id}.example.com/" }`, "write {id} after the host name"},
		{`links: { user: "https://b.example.com?x={id}" }`, ""},
		{`links: { user: "https://me:pw@b.example.com/{id}" }`, "remove the user name and the password"},
		{`links: { user: "javascript:alert({id})" }`, "want an address that begins with https://"},
		{`links: { user: "ftp://b.example.com/{id}" }`, "want an address that begins with https://"},
		{`links: { user: "b.example.com/{id}" }`, "want an address that begins with https://"},
		{`portal: "https://a.example.com", links: { user: "//b.example.com/{id}" }`, "want an address that begins with https://"},
		{`links: { user: "https://b.example.com/a b/{id}" }`, "want an address that begins with https://"},
		{`links: { user: [ "https://b.example.com/{id}" ] }`, "want the address of a page"},
		{`links: { users: "https://b.example.com/{id}" }`, `6:7: sources.p.links.users: unknown kind of page; did you mean "user"? (there are course,`},
		{`links: [ x ]`, "5:12: sources.p.links: want a mapping"},
		{`portal: "https://a.example.com/#/dashboard"`, "sources.p.portal: want only the portal's address: https://a.example.com"},
		{`portal: "https://a.example.com?x=1"`, "want only the portal's address"},
		{`portal: "https://me:pw@a.example.com"`, "remove the user name and the password"},
	} {
		settings := strings.Replace(strings.Replace(tt.settings, ", links: { ", "\n    links:\n      ", 1), "links: { ", "links:\n      ", 1)
		settings = strings.ReplaceAll(strings.TrimSuffix(settings, " }"), `", user:`, "\"\n      user:")
		text := "sources:\n  p:\n    path: /absorb\n    secrets: [ sixteen-characters ]\n    " + settings + "\nsinks: { a: { type: console } }\nroutes: [ { name: r, events: [ \"*\" ], to: [ a ] } ]\n"
		_, err := Parse("bridge.yaml", []byte(text), nil)
		switch {
		case tt.fault == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)):
			t.Errorf("%s: %v\nwant %s", text, err, tt.fault)
		case err != nil && strings.Contains(err.Error(), "me:pw"):
			t.Errorf("the password is shown: %v", err)
		}
	}
}
