package portal

import (
	"encoding/json"
	"net/http"
	"strings"
)

// dashboard is where a browser lands. Absorb's portal is one page that reads the rest
// of the address; the only addresses of things are the learner's, and whoever may not
// see one gets the dashboard.
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

// web is the portal's side for people.
func (p *Portal) web(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	places := map[string]any{}
	for _, c := range p.world.all("courses") {
		place := "#/online-courses/"
		if c["courseType"] == "Curriculum" {
			place = "#/curricula/"
		}
		places[place+text(c["id"])] = c["name"]
	}
	p.mu.Unlock()
	known, err := json.Marshal(places) // with <, > and & escaped
	if err != nil {
		panic(err) // texts of our own
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(strings.Replace(dashboard, "PLACES", string(known), 1))) // the reader is gone
}
