package store

// changes are what is done to very many rows.
type changes struct {
	routed  *rows // an event, which was fanned out …
	deliver *rows // … into a delivery
	sent    *rows // a delivery
}

func newChanges() changes {
	// By another expression than IS NULL, the few events that wait do not seem a
	// shorter way to these than their ids.
	const waits = "COALESCE(e.routed_at, 0) = 0"
	return changes{
		routed: newChange("id text, facts bytea, trace bytea, at bigint", `UPDATE events AS e
			SET facts = COALESCE(n.facts, e.facts), trace = n.trace, routed_at = n.at FROM {n} WHERE e.id = n.id AND `+waits, "e.id"),
		deliver: newChange("id text, event text, route text, sink text, at bigint",
			`INSERT INTO deliveries (id, event_id, route, sink, state, attempts, not_before, created_at, updated_at)
			SELECT n.id, e.id, n.route, n.sink, 'pending', 0, e.received_at, n.at, n.at FROM {n}, events e WHERE e.id = n.event AND e.routed_at = n.at
			ON CONFLICT (event_id, route, sink) DO NOTHING`, "id"),
		sent: newChange("id text, at bigint, counted bigint, receipt text, line text", `UPDATE deliveries AS d
			SET state = 'sent', attempts = d.attempts + n.counted, receipt = n.receipt, last_error = NULL, updated_at = n.at, tries = d.tries || n.line
			FROM {n} WHERE d.id = n.id AND substr(d.tries, length(d.tries) - length(n.line) + 1) <> n.line`, "d.id"),
	}
}

// with is the change by these values: texts, bytes and int64s.
func (r *rows) with(values ...any) statement { return statement{query: r.one, rows: r, args: values} }
