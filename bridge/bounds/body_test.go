package bounds

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// request has a body of which so much arrives; announced is -1 for one in chunks.
func request(arrives int, announced int64, end error) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Body = io.NopCloser(iotest.HalfReader(io.MultiReader(strings.NewReader(strings.Repeat("x", arrives)), iotest.ErrReader(end))))
	r.ContentLength = announced
	return r
}

// Whatever is announced and arrives, a body is read whole or not at all, no more is
// taken of the budget than the blocks that were filled, and all is given back.
func TestRead(t *testing.T) {
	const most = 100_000
	cut := errors.New("cut off")
	for name, c := range map[string]struct {
		arrives   int
		announced int64
		end       error
		memory    int64 // of the budget
		want      error
		taken     int64 // at most, when it was read
	}{
		"none":                       {0, 0, io.EOF, 1 << 20, nil, 0},
		"usual":                      {500, 500, io.EOF, 1 << 20, nil, 500},
		"in chunks":                  {500, -1, io.EOF, 1 << 20, nil, SmallBody},
		"a block":                    {SmallBody, SmallBody, io.EOF, 1 << 20, nil, SmallBody},
		"a block in chunks":          {SmallBody, -1, io.EOF, 1 << 20, nil, SmallBody},
		"a byte more":                {SmallBody + 1, SmallBody + 1, io.EOF, 1 << 20, nil, SmallBody + 1},
		"the largest":                {most, most, io.EOF, 1 << 20, nil, most},
		"the largest in chunks":      {most, -1, io.EOF, 1 << 20, nil, most},
		"too large":                  {most + 1, most + 1, io.EOF, 1 << 20, ErrTooLarge, 0},
		"too large, in chunks":       {most + 1, -1, io.EOF, 1 << 20, ErrTooLarge, most + blockSize},
		"endless":                    {10 * most, -1, io.EOF, 1 << 20, ErrTooLarge, most + blockSize},
		"cut off":                    {most - 1, most, cut, 1 << 20, cut, most + blockSize},
		"cut off, in chunks":         {600, -1, io.ErrUnexpectedEOF, 1 << 20, io.ErrUnexpectedEOF, SmallBody},
		"announced and not sent":     {10, most, cut, 1 << 20, cut, SmallBody},
		"more than there is":         {most, most, io.EOF, most, ErrBusy, most},
		"more than there is for one": {most, -1, io.EOF, 3 * most / 2, ErrBusy, 3 * most / 2},
		"small, but none left":       {500, 500, io.EOF, 400, ErrBusy, 0},
	} {
		budget := NewBudget(c.memory)
		claim := budget.Claim()
		body, err := Body{Max: most, Time: time.Second}.Read(httptest.NewRecorder(), request(c.arrives, c.announced, c.end), claim)
		if !errors.Is(err, c.want) || err == nil && len(body) != c.arrives {
			t.Errorf("%s: %d bytes, %v; want %v", name, len(body), err, c.want)
		}
		if int64(cap(body)) > budget.Used() || budget.Used() > c.taken {
			t.Errorf("%s: %d bytes of the budget are taken for %d, at most %d are right", name, budget.Used(), cap(body), c.taken)
		}
		if claim.Release(); budget.Used() != 0 {
			t.Errorf("%s: %d bytes were not given back", name, budget.Used())
		}
	}
}

// Large bodies that never end leave room for small ones, however many they are.
func TestSmallBodiesHaveRoom(t *testing.T) {
	budget, body := NewBudget(1<<20), Body{Max: 256 << 10, Time: time.Second}
	cut := errors.New("the sender waits")
	busy := 0
	for range 20 { // none of them is released
		if _, err := body.Read(httptest.NewRecorder(), request(100_000, 200_000, cut), budget.Claim()); errors.Is(err, ErrBusy) {
			busy++
		}
	}
	if busy == 0 {
		t.Fatal("the large bodies had room")
	}
	for range 20 {
		if _, err := body.Read(httptest.NewRecorder(), request(900, 900, io.EOF), budget.Claim()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNeed(t *testing.T) {
	budget := NewBudget(1000)
	claim := budget.Claim()
	if err := claim.Need(1001); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if err := claim.Need(900); err != nil {
		t.Error(err)
	}
	if err := budget.Claim().Need(200); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
}

// TestGuard has a handler that reads by itself.
func TestGuard(t *testing.T) {
	budget := NewBudget(100_000)
	var read int
	var problem error
	h := budget.Guard(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		read, problem = len(body), err
	}))
	h.ServeHTTP(httptest.NewRecorder(), request(10_000, 10_000, io.EOF))
	if read != 10_000 || problem != nil || budget.Used() != 0 {
		t.Errorf("%d bytes, %v; %d are still taken", read, problem, budget.Used())
	}
	h.ServeHTTP(httptest.NewRecorder(), request(30_000, -1, io.EOF))
	if !errors.Is(problem, ErrBusy) || budget.Used() != 0 {
		t.Errorf("%v; %d are still taken", problem, budget.Used())
	}
	if err := budget.Claim().Need(100_000); err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request(10, 10, io.EOF))
	if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "" {
		t.Errorf("nothing is left: %d %v", answer.Code, answer.Header())
	}
}
