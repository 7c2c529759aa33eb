package store

// changes are what is done to very many rows.
type changes struct {
	routed  *rows // an event, which was fanned out …
	deliver *rows // … into a delivery
	sent    *rows // a delivery …
	tried   *rows // … and an attempt to send it
}

func newChanges() changes {
	// By another expression than IS NULL, the few events that wait do not seem a
	// shorter way to these than their ids.
	const waits = "COALESCE(e.routed_at, 0) = 0"
	const isNew = "NOT EXISTS (SELECT 1 FROM attempts t WHERE t.delivery_id = n.id AND t.at = n.at AND t.outcome = n.outcome)"
	return changes{
		routed: newChange("id text, facts bytea, trace bytea, at bigint", `UPDATE events AS e
			SET facts = COALESCE(n.facts, e.facts), trace = n.trace, routed_at = n.at FROM {n} WHERE e.id = n.id AND `+waits, "e.id"),
		deliver: newChange("id text, event text, route text, sink text, at bigint",
			`INSERT INTO deliveries (id, event_id, route, sink, state, attempts, not_before, created_at, updated_at)
			SELECT n.id, e.id, n.route, n.sink, 'pending', 0, e.received_at, n.at, n.at FROM {n}, events e WHERE e.id = n.event AND e.routed_at = n.at
			ON CONFLICT (event_id, route, sink) DO NOTHING`, "id"),
		sent: newChange("id text, at bigint, outcome text, counted bigint, receipt text", `UPDATE deliveries AS d
			SET state = 'sent', attempts = d.attempts + n.counted, receipt = n.receipt, last_error = NULL, updated_at = n.at
			FROM {n} WHERE d.id = n.id AND `+isNew, "d.id"),
		tried: newChange("id text, at bigint, outcome text, took bigint, status bigint, detail text",
			`INSERT INTO attempts (delivery_id, at, took, outcome, status, detail, sink)
			SELECT d.id, n.at, n.took, n.outcome, n.status, n.detail, d.sink FROM {n}, deliveries d WHERE d.id = n.id AND `+isNew, "delivery_id"),
	}
}

// with is the change by these values: texts, bytes and int64s.
func (r *rows) with(values ...any) statement { return statement{query: r.one, rows: r, args: values} }
