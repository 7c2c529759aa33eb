package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/absorb-bridge/absorb-bridge/bridge"
	"github.com/absorb-bridge/absorb-bridge/bridge/render"
)

// linkExample shows what the address of a kind looks like.
const linkExample = "https://acme.myabsorb.com/#/online-courses/" + render.LinkID

// links reads the addresses of a portal's pages.
func (b *builder) links(key, portal string, raw map[string]any) render.Links {
	all := render.Links{}
	for _, kind := range slices.Sorted(maps.Keys(raw)) {
		at := key + "." + kind
		pattern, ok := raw[kind].(string)
		switch {
		case raw[kind] == nil, ok && pattern == "":
			continue // not set
		case !slices.Contains(render.LinkKinds(), kind):
			b.atKey(at, "unknown kind%s (there are %s)", bridge.DidYouMean(kind, render.LinkKinds()), strings.Join(render.LinkKinds(), ", "))
		case !ok:
			b.atValue(at, "want the address of a page, such as %s", linkExample)
		case strings.HasPrefix(pattern, "/") && portal == "":
			b.atValue(at, "is an address below the portal's own, which is missing: set portal beside links, or write the whole address, such as %s", linkExample)
		default:
			if err := checkLink(pattern); err != nil {
				b.atValue(at, "%v", err)
			}
		}
		all[kind] = pattern
	}
	return all
}

// braces are what looks like a placeholder.
var braces = regexp.MustCompile(`\{[^{}]*\}|[{}]`)

// checkLink takes a whole address, or one below the portal's, with the id's place in
// its path, its query or its fragment.
func checkLink(pattern string) error {
	if strings.HasPrefix(pattern, "/") && !strings.HasPrefix(pattern, "//") {
		pattern = "https://portal.invalid" + pattern
	}
	for _, found := range braces.FindAllString(pattern, -1) {
		if found != render.LinkID {
			return fmt.Errorf("write %s where the id belongs; %s means nothing here", render.LinkID, found)
		}
	}
	if !strings.Contains(pattern, render.LinkID) {
		return fmt.Errorf("write %s where the id belongs, such as %s", render.LinkID, linkExample)
	}
	const some = "some-id"
	u, err := url.Parse(strings.ReplaceAll(pattern, render.LinkID, some))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(pattern, " \t\n"):
		return fmt.Errorf("want an address that begins with https://, such as %s, or one below the portal's, such as /#/online-courses/%s", linkExample, render.LinkID)
	case u.User != nil:
		return errors.New("leave out the user name and the password: everybody who gets a message sees the address")
	case strings.Contains(u.Host, some):
		return fmt.Errorf("write %s behind the host's name", render.LinkID)
	}
	return nil
}

// CheckPortal takes the address of a portal: what a browser shows, up to the host's
// name and perhaps a folder.
func CheckPortal(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("want a URL that begins with https://")
	case u.User != nil:
		return errors.New("leave out the user name and the password: everybody who gets a message sees the address")
	case u.RawQuery != "" || strings.ContainsAny(text, "#?"):
		return fmt.Errorf("want the address of the portal alone: %s://%s", u.Scheme, u.Host)
	}
	return nil
}
