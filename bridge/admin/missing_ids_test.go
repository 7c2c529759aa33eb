package admin

import (
	"strings"
	"testing"

	"github.com/absorb-bridge/absorb-bridge/bridge/absorb"
)

func TestLacking(t *testing.T) {
	inspection := func(event string, needs ...absorb.Need) Inspection {
		return Inspection{Description: absorb.Description{Event: event, Needs: needs}}
	}
	course := absorb.Need{Key: "courseId", Parts: []string{"course", "enrollment"}, From: absorb.FromNowhere, Field: "courseId: $.ref"}
	group := absorb.Need{Key: "groupId", Parts: []string{"group"}, From: absorb.FromNowhere}
	here := absorb.Need{Key: "userId", Parts: []string{"user"}, From: absorb.FromWebhook}
	inferred := absorb.Need{Key: "courseId", Parts: []string{"course"}, From: absorb.FromLists, Field: "courseId: $.ref"}
	for name, c := range map[string]struct {
		all  []Inspection
		done bool
		says []string
	}{
		"no request yet":  {nil, false, []string{"When a request arrives"}},
		"not compared":    {[]Inspection{inspection("X")}, false, []string{"When a request arrives"}},
		"all there":       {[]Inspection{inspection("X", here)}, true, []string{"contain every id"}},
		"inferred":        {[]Inspection{inspection("X", here, inferred)}, true, []string{"do not contain courseId", "infers", "courseId: $.ref"}},
		"can be fixed":    {[]Inspection{inspection("X", course), inspection("X", course)}, false, []string{"X has no courseId", "course and enrollment", "courseId: $.ref"}},
		"cannot be fixed": {[]Inspection{inspection("GroupDeleted", group)}, true, []string{"GroupDeleted has no groupId", "stays empty"}},
	} {
		l := newLacking()
		for _, i := range c.all {
			l.add(i)
		}
		step := l.step()
		if step.Done != c.done {
			t.Errorf("%s: %+v", name, step)
		}
		for _, words := range c.says {
			if strings.Count(step.Say, words) != 1 {
				t.Errorf("%s: %q does not say %q once", name, step.Say, words)
			}
		}
	}
}
