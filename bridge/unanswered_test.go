package bridge

import "testing"

func TestNeverAnswered(t *testing.T) {
	looked := func(event string, n int, statuses ...int) (all []EventLookups) {
		for i := range n {
			all = append(all, EventLookups{"production", event, LookupTrace{Calls: []LookupCall{{Part: "certificate", Path: "/users/1a/certificates/2?x=3", Status: statuses[i%len(statuses)]}}}})
		}
		return all
	}
	for name, c := range map[string]struct {
		looked []EventLookups
		want   int // how often it was asked; 0 when it is none
	}{
		"never":           {looked("CertificateAwarded", 30, 404, 401), 20},
		"once":            {looked("CertificateAwarded", 20, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404, 200), 0},
		"long ago":        {append(looked("CertificateAwarded", 20, 404), looked("CertificateAwarded", 5, 200)...), 20},
		"few":             {looked("CertificateAwarded", 4, 404), 0},
		"no answer":       {looked("CertificateAwarded", 30, 0, 500), 0},
		"in between":      {looked("CertificateAwarded", 12, 404, 503), 6},
		"what is deleted": {looked("DepartmentDeleted", 30, 404), 0},
	} {
		got := UnansweredLookups(c.looked)
		switch {
		case c.want == 0 && len(got) == 0:
		case len(got) != 1 || got[0].Asked != c.want || got[0].Path != "/users/*/certificates/*" || got[0].Status != 404:
			t.Errorf("%s: %+v, want %d", name, got, c.want)
		}
	}
}
