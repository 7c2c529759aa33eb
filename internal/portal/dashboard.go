package portal

import (
	"encoding/json"
	"net/http"
	"strings"
)

// dashboard is the page that browsers get. Absorb's portal is one page that reads the part
// of the address after "#". Only the learner's pages of courses have such addresses; any
// other address shows the dashboard.
const dashboard = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Emulated Absorb portal</title>
<h1 id="title">Dashboard</h1>
<p id="about">The emulated portal knows #/online-courses/{id} and #/curricula/{id}.</p>
<script>
const places = PLACES;
function show() {
  const name = places[location.hash];
  document.getElementById("title").textContent = name || "Dashboard";
  document.getElementById("about").hidden = Boolean(name);
}
addEventListener("hashchange", show);
show();
</script>
</html>
`

// serveDashboard serves the page that people see.
func (p *Portal) serveDashboard(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	places := map[string]any{}
	for _, c := range p.database.all("courses") {
		place := "#/online-courses/"
		if c["courseType"] == "Curriculum" {
			place = "#/curricula/"
		}
		places[place+text(c["id"])] = c["name"]
	}
	p.mu.Unlock()
	known, err := json.Marshal(places) // with <, > and & escaped
	if err != nil {
		panic(err) // always valid
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(strings.Replace(dashboard, "PLACES", string(known), 1))) // the client is gone
}
