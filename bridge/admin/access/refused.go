package access

import (
	"cmp"
	"context"
	"net/http"
)

// Reasons for a refusal, as metrics count them. A request without token, session or
// proxy name leads to the login page, and is not counted.
const (
	wrongToken  = "wrong_token"  // a bearer token or a form's token is wrong
	noRights    = "no_rights"    // the person is known but may not do this
	otherSite   = "other_site"   // a page of another site sent the request
	badIdentity = "bad_identity" // the provider did not confirm who it is
	tooManyAsk  = "too_many"     // too many logins at the provider were started
)

// refused counts a refused request. It also logs it and writes it to the audit trail,
// unless there were many. words says what happened; who is a person's name or ""; more
// goes to the log only.
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
