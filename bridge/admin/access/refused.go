package access

import (
	"cmp"
	"context"
	"net/http"
)

// Why a request is refused, as metrics count it. Whoever sends no token, has no session
// and is named by no proxy is asked to log in, which is no refusal.
const (
	wrongToken  = "wrong_token"  // a bearer or a form has a token that is none
	noRights    = "no_rights"    // the person is known and may not do this
	otherSite   = "other_site"   // another site's page sent the request
	badIdentity = "bad_identity" // the provider did not confirm who it is
	tooManyAsk  = "too_many"     // too many logins at the provider were begun
)

// refused counts a refused request, and logs it and keeps it in the audit trail unless
// there were many. The words say what happened, who is somebody's name or "", and more is
// for the log alone.
func (u *rules) refused(r *http.Request, reason, words, who string, more ...any) {
	if u.Refused != nil {
		u.Refused(reason)
	}
	from := u.Proxies.Address(r)
	if unsaid, ok := u.visitors.mayLog(); ok {
		u.Log.With(more...).Warn("refused at the admin address: "+words, "reason", reason, "from", from.String(), "path", named(r.URL.Path), "unsaid_since_last_line", unsaid)
	}
	if u.Noted == nil {
		return
	}
	if times, ok := u.visitors.mayNote(from); ok {
		u.Noted(context.WithoutCancel(r.Context()), cmp.Or(who, "somebody"), "refused", words+", from "+from.String(), times)
	}
}
