package access

// Visitors is how many networks are known.
func (g *Gate) Visitors() int { return len(g.visitors.known) }
