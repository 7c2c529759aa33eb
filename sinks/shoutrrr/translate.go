package shoutrrr

import (
	"encoding/json"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// translations make settings of a service's URL: those of one sink for each place that
// the URL names.
func translations() map[string]func(*url.URL, *query) []map[string]any {
	return map[string]func(*url.URL, *query) []map[string]any{
		"ntfy":     one(ntfy),
		"gotify":   one(gotify),
		"telegram": telegram,
		"pushover": one(pushover),
		"zulip":    one(zulip),
		"matrix":   matrix,
	}
}

// one is a translation of a URL that names one place.
func one(translate func(*url.URL, *query) map[string]any) func(*url.URL, *query) []map[string]any {
	return func(u *url.URL, q *query) []map[string]any { return []map[string]any{translate(u, q)} }
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

// telegram is telegram://TOKEN@telegram?chats=CHAT,CHAT. A chat may have a topic behind a
// colon.
func telegram(u *url.URL, q *query) []map[string]any {
	password, _ := u.User.Password()
	q.take("title") // each message has its own
	if mode := strings.ToLower(q.take("parsemode")); mode != "" && mode != "none" && mode != "html" {
		q.faults = append(q.faults, "parsemode: messages are in Telegram's HTML, so leave it out")
	}
	chats := q.list(",", "chats", "channels")
	if len(chats) == 0 {
		q.faults = append(q.faults, "chats: name at least one")
	}
	silent, preview := !q.yes("notification", true), q.yes("preview", true)
	var all []map[string]any
	for _, chat := range chats {
		id, topic, inTopic := strings.Cut(chat.(string), ":")
		settings := map[string]any{"token": u.User.Username() + ":" + password, "chat": id, "silent": silent, "preview": preview}
		if inTopic {
			n, err := strconv.Atoi(topic)
			if err != nil {
				q.faults = append(q.faults, "chats: want a topic's number behind the colon")
			}
			settings["topic_id"] = n
		}
		all = append(all, settings)
	}
	return all
}

// pushover is pushover://shoutrrr:TOKEN@USER.
func pushover(u *url.URL, q *query) map[string]any {
	token, _ := u.User.Password()
	q.take("title") // each message has its own
	priority := q.take("priority")
	if priority != "" {
		names := map[string]string{"-2": "lowest", "-1": "low", "0": "normal", "1": "high"}
		if priority = names[priority]; priority == "" {
			q.faults = append(q.faults, "priority: want a number from -2 to 1")
		}
	}
	return given(map[string]any{"token": token, "user": u.Host, "devices": q.list(",", "devices"), "priority": priority})
}

// zulip is zulip://EMAIL:KEY@HOST?stream=CHANNEL.
func zulip(u *url.URL, q *query) map[string]any {
	key, _ := u.User.Password()
	return given(map[string]any{
		"server": "https://" + u.Host, "email": u.User.Username(), "key": key, "channel": q.take("stream"), "topic": q.take("topic", "title"),
	})
}

// matrix is matrix://:TOKEN@HOST?rooms=ROOM,ROOM.
func matrix(u *url.URL, q *query) []map[string]any {
	token, _ := u.User.Password()
	q.take("title") // each message has its own
	if u.User.Username() != "" {
		q.faults = append(q.faults, "the bridge does not log in with a password: log in once, and give the access token, as in matrix://:TOKEN@HOST")
	}
	rooms := q.list(",", "rooms", "room")
	if len(rooms) == 0 {
		q.faults = append(q.faults, "rooms: name at least one")
	}
	address := server(u, q, "")
	var all []map[string]any
	for _, room := range rooms {
		name := room.(string)
		if !strings.HasPrefix(name, "#") && !strings.HasPrefix(name, "!") {
			name = "#" + name
		}
		all = append(all, map[string]any{"server": address, "token": token, "room": name})
	}
	return all
}
