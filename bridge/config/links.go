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
	"github.com/absorb-bridge/absorb-bridge/bridge/engine"
)

// linkExample is an example of a page's address.
const linkExample = "https://acme.myabsorb.com/#/online-courses/" + engine.LinkID

// links reads the addresses of a portal's pages.
func (b *builder) links(key, portal string, raw map[string]any) engine.Links {
	all := engine.Links{}
	for _, kind := range slices.Sorted(maps.Keys(raw)) {
		at := key + "." + kind
		pattern, ok := raw[kind].(string)
		switch {
		case raw[kind] == nil, ok && pattern == "":
			continue // not set
		case !slices.Contains(engine.LinkKinds(), kind):
			b.atKey(at, "unknown kind of page%s (there are %s)", bridge.DidYouMean(kind, engine.LinkKinds()), strings.Join(engine.LinkKinds(), ", "))
		case !ok:
			b.atValue(at, "want the address of a page, such as %s", linkExample)
		case strings.HasPrefix(pattern, "/") && portal == "":
			b.atValue(at, "begins at the portal's address, which is not set: set portal beside links, or write the whole address, such as %s", linkExample)
		default:
			if err := checkLink(pattern); err != nil {
				b.atValue(at, "%v", err)
			}
		}
		all[kind] = pattern
	}
	return all
}

// braces matches everything that looks like a placeholder.
var braces = regexp.MustCompile(`\{[^{}]*\}|[{}]`)

// checkLink accepts a whole address, or a path below the portal's address. It must
// contain the placeholder of the id in its path, query or fragment.
func checkLink(pattern string) error {
	if strings.HasPrefix(pattern, "/") && !strings.HasPrefix(pattern, "//") {
		pattern = "https://portal.invalid" + pattern
	}
	for _, found := range braces.FindAllString(pattern, -1) {
		if found != engine.LinkID {
			return fmt.Errorf("unknown placeholder %[2]s; write %[1]s where the id belongs", engine.LinkID, found)
		}
	}
	if !strings.Contains(pattern, engine.LinkID) {
		return fmt.Errorf("write %s where the id belongs, such as %s", engine.LinkID, linkExample)
	}
	const some = "some-id"
	u, err := url.Parse(strings.ReplaceAll(pattern, engine.LinkID, some))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(pattern, " \t\n"):
		return fmt.Errorf("want an address that begins with https://, such as %s, or one below the portal's, such as /#/online-courses/%s", linkExample, engine.LinkID)
	case u.User != nil:
		return errors.New("remove the user name and the password: everybody who gets a message can read them")
	case strings.Contains(u.Host, some):
		return fmt.Errorf("write %s after the host name", engine.LinkID)
	}
	return nil
}

// CheckPortal accepts the address of a portal, as a browser shows it: the host, and
// perhaps a folder.
func CheckPortal(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("want a URL that begins with https://")
	case u.User != nil:
		return errors.New("remove the user name and the password: everybody who gets a message can read them")
	case u.RawQuery != "" || strings.ContainsAny(text, "#?"):
		return fmt.Errorf("want only the portal's address: %s://%s", u.Scheme, u.Host)
	}
	return nil
}
