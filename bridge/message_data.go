package bridge

// Data returns the message in the types of decoded JSON, for templates and for sinks that
// send it: level, title, text (in Markdown), fields and actions. Non-empty values of url,
// image, footer, thread and time are included. Mentioned people appear by name.
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
