// Package pgtest gives tests a PostgreSQL server: one of their own, started from
// the installed programs in a folder that is deleted afterwards, or the one that
// BRIDGE_TEST_POSTGRES names. Without either, tests that need one are skipped.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Variable is the environment variable with the URL of a server on which the tests
// may make databases.
const Variable = "BRIDGE_TEST_POSTGRES"

// Server is a PostgreSQL server.
type Server struct {
	url   string // with %s for the database's name
	dir   string // "" if somebody else runs it
	bin   string
	flags []string
	cmd   *exec.Cmd
	last  atomic.Int64 // number of the last database
}

// Main runs the tests of a package, and ends the server that they shared. TestMain
// calls it.
func Main(m *testing.M) int {
	defer common.remove()
	return m.Run()
}

// common is the server that the tests of one package share.
var common sharing

type sharing struct {
	once   sync.Once
	server *Server
	err    error
}

// Shared gives the server that all tests of a package share. Their package has a
// TestMain that calls Main.
func Shared(t testing.TB) *Server {
	t.Helper()
	common.once.Do(func() { common.server, common.err = launch("-c", "fsync=off") })
	check(t, common.err)
	return common.server
}

func (s *sharing) remove() {
	if s.server != nil {
		s.server.remove()
	}
}

// New starts a server for one test, which may stop it.
func New(t testing.TB, flags ...string) *Server {
	t.Helper()
	s, err := own(flags...)
	check(t, err)
	t.Cleanup(s.remove)
	return s
}

// errMissing is why tests are skipped.
var errMissing = errors.New("PostgreSQL is not installed (Debian: apt install postgresql), and " + Variable + " names no server")

func check(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Database makes an empty database and gives its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("bridge_%d_%d", os.Getpid(), s.last.Add(1))
	conn, err := pgx.Connect(t.Context(), s.at("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		if conn, err := pgx.Connect(ctx, s.at("postgres")); err == nil { // else it was stopped
			_, _ = conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
			_ = conn.Close(ctx)
		}
	})
	return s.at(name)
}

func (s *Server) at(database string) string {
	u, err := url.Parse(s.url)
	if err != nil {
		return s.url
	}
	u.Path = "/" + database
	return u.String()
}

// launch starts a server, unless there is one.
func launch(flags ...string) (*Server, error) {
	if given := os.Getenv(Variable); given != "" {
		return &Server{url: given}, nil
	}
	return own(flags...)
}

func own(flags ...string) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin, flags: flags}
	if err := s.initialize(); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

func (s *Server) initialize() error {
	as, err := account(s.dir)
	if err != nil {
		return err
	}
	initdb := exec.Command(filepath.Join(s.bin, "initdb"), "--pgdata", s.data(), "--username", "bridge", "--auth", "trust", "--encoding", "UTF8", "--no-sync", "--locale", "C.UTF-8")
	initdb.Dir, initdb.SysProcAttr = s.dir, as
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	s.url = "postgres://bridge@/postgres?" + url.Values{"host": {s.dir}, "port": {strconv.Itoa(port)}}.Encode()
	return s.Start()
}

// port only names the socket: nothing listens on the network.
const port = 5432

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Start starts a server that was stopped, and waits until it answers.
func (s *Server) Start() error {
	as, err := account(s.dir)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	args := append([]string{"-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "port=" + strconv.Itoa(port), "-c", "max_connections=200"}, s.flags...)
	s.cmd = exec.Command(filepath.Join(s.bin, "postgres"), args...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, out, out
	s.cmd.SysProcAttr = as
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); ; {
		conn, err := pgx.Connect(context.Background(), s.url)
		if err == nil {
			return conn.Close(context.Background())
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("PostgreSQL does not start: %w\n%s", err, log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Stop ends the server at once, as after a crash of its machine's PostgreSQL
// (immediate shutdown mode).
func (s *Server) Stop() {
	if s.cmd != nil {
		s.end()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

func (s *Server) remove() {
	s.Stop()
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// programs is the folder of PostgreSQL's programs: that of the PATH, or Debian's
// newest.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		return "", errMissing
	}
	return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
}

func version(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}
