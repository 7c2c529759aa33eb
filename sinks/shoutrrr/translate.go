package shoutrrr

import (
	"encoding/json"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// translations make the settings of a service's sink of a URL.
func translations() map[string]func(*url.URL, *query) map[string]any {
	return map[string]func(*url.URL, *query) map[string]any{
		"ntfy":   ntfy,
		"gotify": gotify,
	}
}

// given leaves out the settings that a URL does not have.
func given(settings map[string]any) map[string]any {
	for key, value := range settings {
		if list, isList := value.([]any); value == "" || isList && len(list) == 0 {
			delete(settings, key)
		}
	}
	return settings
}

// server is the address of a service's server.
func server(u *url.URL, q *query, folder string) string {
	scheme := "https"
	if q.yes("disabletls", false) {
		scheme = "http"
	}
	if q.yes("disabletlsverification", false) || q.yes("insecureskipverify", false) {
		q.faults = append(q.faults, "certificates are always checked; have the machine trust the server's authority")
	}
	return (&url.URL{Scheme: scheme, Host: u.Host, Path: folder}).String()
}

// ntfy is ntfy://USER:PASSWORD@HOST/TOPIC, or with a token in the password's place.
func ntfy(u *url.URL, q *query) map[string]any {
	if u.Host == "" {
		u.Host = "ntfy.sh"
	}
	address := server(u, q, "")
	if q.take("scheme") == "http" {
		address = strings.Replace(address, "https://", "http://", 1)
	}
	user, token := u.User.Username(), ""
	password, both := u.User.Password()
	switch {
	case user == "":
		password, token = "", password
	case !both:
		user, token = "", user
	}
	priority := strings.ToLower(q.take("priority"))
	names := []string{"", "min", "low", "default", "high", "max"}
	if n, err := strconv.Atoi(priority); err == nil && n > 0 && n < len(names) {
		priority = names[n]
	} else if priority == "urgent" {
		priority = "max"
	}
	q.take("title") // each message has its own
	return given(map[string]any{
		"server": address, "topic": strings.Trim(u.Path, "/"), "username": user, "password": password, "token": token,
		"priority": priority, "tags": q.list(",", "tags"), "actions": q.list(";", "actions"), "click": q.take("click"), "icon": q.take("icon"),
		"attach": q.take("attach"), "filename": q.take("filename"), "delay": q.take("delay", "at", "in"), "email": q.take("email"),
		"cache": q.yes("cache", true), "firebase": q.yes("firebase", true),
	})
}

// gotify is gotify://HOST/FOLDER/TOKEN.
func gotify(u *url.URL, q *query) map[string]any {
	folder, token := path.Split(strings.TrimRight(u.Path, "/"))
	q.take("title")     // each message has its own
	q.take("useheader") // the token is always in a header
	settings := map[string]any{"server": server(u, q, folder), "token": token}
	if priority := q.take("priority"); priority != "" {
		n, err := strconv.Atoi(priority)
		if err != nil {
			q.faults = append(q.faults, "priority: want a number")
		}
		settings["priority"] = max(n, 0) // the apps make no difference below
	}
	if extras := q.take("extras"); extras != "" {
		var own map[string]any
		if json.Unmarshal([]byte(extras), &own) != nil {
			q.faults = append(q.faults, "extras: want a JSON object")
		}
		settings["extras"] = own
	}
	return given(settings)
}
