package engine

import "testing"

func TestWords(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{truncate(5, "Zoë's kit"), "Zoë'…"}, {truncate(0, "all"), "all"}, {truncate(3, "abc"), "abc"},
	} {
		if tt.got != tt.want {
			t.Errorf("have %q, want %q", tt.got, tt.want)
		}
	}
}

func TestPortal(t *testing.T) {
	s := NewScope(t.Context(), map[string]any{"portal": "https://learning.example.com/"})
	for _, tt := range []struct {
		path string
		args []any
		want string
	}{
		{"/a/%s/b/%s", []any{"x/y", 7.0}, "https://learning.example.com/a/x%2Fy/b/7"},
		{"/a/%s", []any{""}, ""},
		{"/a/%s", []any{nil}, ""},
		{"/a/%s", []any{".."}, ""},
		{"/a", nil, "https://learning.example.com/a"},
		{"/%s/%s", []any{"%s", "x"}, "https://learning.example.com/%25s/x"},
	} {
		if got, err := portal(s, tt.path, tt.args...); err != nil || got != tt.want {
			t.Errorf("portal %q %v = %q, %v; want %q", tt.path, tt.args, got, err, tt.want)
		}
	}
	if got, _ := portal(NewScope(t.Context(), nil), "/a"); got != "" {
		t.Errorf("without an address: %q", got)
	}
	for _, path := range []string{"/a/%s", "a"} {
		if _, err := portal(s, path); err == nil {
			t.Errorf("%q is accepted", path)
		}
	}
}
