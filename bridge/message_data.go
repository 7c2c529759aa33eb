package bridge

// Data is the message's words in the types of decoded JSON, for templates and for
// sinks that pass them on: level, title, text (in Markdown), fields, actions and,
// where there are some, url, image, footer, thread and time. People who are mentioned
// go by their names.
func (m Message) Data() map[string]any {
	m = m.SpellMentions(nobody)
	fields, actions := []any{}, []any{}
	for _, f := range m.Fields {
		fields = append(fields, map[string]any{"name": f.Name, "value": f.Value, "short": f.Short})
	}
	for _, a := range m.Actions {
		actions = append(actions, map[string]any{"label": a.Label, "url": a.URL})
	}
	data := map[string]any{
		"level": string(m.Level), "title": m.Title, "text": m.Text, "fields": fields, "actions": actions,
	}
	for key, value := range map[string]string{
		"url": m.URL, "image": m.ImageURL, "footer": m.Footer, "thread": m.ThreadKey, "time": formatTime(m.Time),
	} {
		if value != "" {
			data[key] = value
		}
	}
	return data
}
