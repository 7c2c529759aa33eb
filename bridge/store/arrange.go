package store

// group is statements that can be one.
type group struct {
	statements []int // where they are in the batch
	rows       map[any]struct{}
}

// arranged puts the statements of jobs into an order in which as many as possible can be
// one statement, and gives where each of them was. Those of one job stay in their order;
// of different jobs, whose callers wait at the same time, none has to come first.
func arranged(batch []*job) (all []statement, was []int) {
	var flat []statement
	var groups []*group
	last := map[*rows]int{} // the last group of each kind
	for _, j := range batch {
		least := 0 // the first group that the job's next statement may be in
		for _, s := range j.statements {
			at, known := last[s.rows]
			if s.rows == nil || !known || at < least || !groups[at].takes(s) {
				at = len(groups)
				groups = append(groups, &group{rows: map[any]struct{}{}})
				last[s.rows] = at
			}
			groups[at].add(s, len(flat))
			flat, least = append(flat, s), at
		}
	}
	for _, g := range groups {
		for _, i := range g.statements {
			all, was = append(all, flat[i]), append(was, i)
		}
	}
	return all, was
}

// takes tells whether a statement can be one with those that are there.
func (g *group) takes(s statement) bool {
	_, twice := g.rows[s.args[0]]
	return !twice && len(g.statements) < maxRows
}

func (g *group) add(s statement, i int) {
	g.statements = append(g.statements, i)
	if s.rows != nil {
		g.rows[s.args[0]] = struct{}{}
	}
}
