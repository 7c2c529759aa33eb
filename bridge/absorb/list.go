package absorb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Limits of Absorb's lists.
const (
	usualPage = 200   // entries; a user takes some kilobytes
	lastPage  = 65535 // number of the last page
)

// Listing is a list of the Integration API, from a date on.
type Listing struct {
	Path  string    // such as /users
	Date  string    // the field that sorts the list, such as dateAdded
	Since time.Time // zero for the whole list
	Page  int       // entries per page; 0 for the default
}

// List reads a list to its end, page by page, and passes each entry to use. It may pass
// an entry twice if somebody edits it meanwhile.
//
//	Absorb numbers pages, so an edit while the list is read could move other entries to
//
// a page that was already read. Therefore List continues from the date where a page
// ends, as long as the answers are sorted by date.
func (c *Client) List(ctx context.Context, l Listing, use func(entry map[string]any)) error {
	if l.Page == 0 {
		l.Page = usualPage
	}
	ordered := true
	for page := 0; page <= lastPage; {
		entries, limit, err := c.page(ctx, l, page)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			use(entry)
		}
		if len(entries) < limit {
			return nil
		}
		last, ascending := l.dates(entries)
		ordered = ordered && ascending
		if ordered && last.After(l.Since) {
			l.Since, page = last, 0
		} else {
			page++
		}
	}
	return &APIError{Message: fmt.Sprintf("the list %s has more than %d pages", l.Path, lastPage)}
}

// dates returns the date of the last entry, to the second, in the form of a filter. It
// also reports whether the entries are sorted, and none is older than requested.
func (l Listing) dates(entries []map[string]any) (last time.Time, ascending bool) {
	last = l.Since
	for _, entry := range entries {
		at := Time(entry[l.Date]).Truncate(time.Second)
		if at.Before(last) {
			return last, false
		}
		last = at
	}
	return last, true
}

// page returns a page, and how many entries it has unless it is the last.
func (c *Client) page(ctx context.Context, l Listing, page int) (entries []map[string]any, limit int, err error) {
	for {
		plain := c.plainDates.Load()
		err = c.get(ctx, l.query(page, plain), func(body []byte) (err error) {
			entries, limit, err = decodePage(body, l.Page)
			return err
		})
		if !plain && !l.Since.IsZero() && (hasStatus(err, http.StatusUnprocessableEntity) || hasStatus(err, http.StatusBadRequest)) {
			c.plainDates.Store(true) // write dates in filters as other portals do
			continue
		}
		return entries, limit, err
	}
}

func (l Listing) query(page int, plain bool) string {
	q := url.Values{"_limit": {strconv.Itoa(l.Page)}, "_offset": {strconv.Itoa(page)}, "_sort": {l.Date}}
	if !l.Since.IsZero() {
		since := "datetime'" + l.Since.UTC().Format("2006-01-02T15:04:05Z") + "'"
		if plain {
			since = "'" + l.Since.UTC().Format("2006-01-02T15:04:05") + "'"
		}
		q.Set("_filter", l.Date+" ge "+since)
	}
	return l.Path + "?" + q.Encode()
}

// decodePage reads a page in both of its shapes. A bare list does not say how many
// entries a page has, so only an empty one is known to be the last.
func decodePage(body []byte, asked int) (entries []map[string]any, limit int, err error) {
	decode := func(data []byte, into any) error {
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		return d.Decode(into)
	}
	if decode(body, &entries) == nil {
		return entries, 1, nil
	}
	var envelope map[string]json.RawMessage
	if err := decode(body, &envelope); err != nil {
		return nil, 0, &APIError{Status: http.StatusOK, Message: "the answer is not a list; it begins with " + excerpt(body), Temporary: true}
	}
	limit = asked
	found := false
	for key, value := range envelope {
		switch {
		case key == "limit":
			var n int
			if json.Unmarshal(value, &n) == nil && n > 0 {
				limit = min(limit, n)
			}
		case bytes.HasPrefix(bytes.TrimSpace(value), []byte("[")) && !found:
			found = decode(value, &entries) == nil
		}
	}
	if !found {
		return nil, 0, &APIError{Status: http.StatusOK, Message: "the answer contains no list; it begins with " + excerpt(body), Temporary: true}
	}
	return entries, limit, nil
}

// Time reads a date of an answer; zero if there is none.
func Time(v any) time.Time { return parseTime(v) }

// ID reads an id of an answer; "" if there is none.
func ID(v any) string { return idText(v) }
