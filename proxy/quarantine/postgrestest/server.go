//go:build unix

package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a PostgreSQL in which everybody who may connect may do everything.
type Server struct {
	bin, dir, port string
	owner          *syscall.SysProcAttr
	process        *exec.Cmd
}

// patience is how long a server may take to answer on a busy machine.
const patience = time.Minute

// Start starts a server for a test. Where PostgreSQL is not installed the test is
// skipped, and fails in CI.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := Run()
	if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// ErrMissing says that PostgreSQL is not installed.
var ErrMissing = errors.New("PostgreSQL is missing: install Debian's package postgresql")

// Run starts a server that the caller closes.
func Run() (*Server, error) {
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin") // where Debian keeps them
	if err != nil || len(bins) == 0 {
		return nil, errors.Join(ErrMissing, err)
	}
	slices.Sort(bins)
	s := &Server{bin: bins[len(bins)-1]}
	if s.dir, err = os.MkdirTemp("", "bulkhead-postgres-*"); err != nil {
		return nil, err
	}
	if err := s.begin(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) begin() error {
	if err := s.give(); err != nil {
		return err
	}
	cmd := s.command("initdb", "-D", s.data(), "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, s.port, err = net.SplitHostPort(l.Addr().String())
	if err := errors.Join(err, l.Close()); err != nil {
		return err
	}
	return s.Begin()
}

// give gives the folder to who may run the server: root may not.
func (s *Server) give() error {
	if os.Getuid() != 0 {
		return nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		return errors.Join(ErrMissing, err)
	}
	uid, errUID := strconv.Atoi(who.Uid)
	gid, errGID := strconv.Atoi(who.Gid)
	s.owner = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return errors.Join(errUID, errGID, os.Chown(s.dir, uid, gid))
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, s.owner
	return cmd
}

// Begin starts the server, also one that was stopped, with its data. It does not
// wait for the disk: what survives is what survives the end of its processes.
func (s *Server) Begin() error {
	s.process = s.command("postgres", "-D", s.data(), "-k", s.dir, "-h", "127.0.0.1", "-p", s.port, "-F",
		"-c", "max_connections=300", "-c", "full_page_writes=off", "-c", "autovacuum_naptime=1h", "-c", "max_wal_size=4GB")
	if err := s.process.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := pgx.Connect(context.Background(), s.URL("postgres"))
		if err == nil {
			return conn.Close(context.Background())
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("PostgreSQL does not answer: %w", err)
		}
	}
}

// Stop ends the server at once, with its children, as a crash would.
func (s *Server) Stop() {
	if s.process != nil && s.process.Process != nil {
		_ = s.process.Process.Signal(syscall.SIGQUIT) // it may have ended
		_ = s.process.Wait()                          // its status says nothing
		s.process = nil
	}
}

// Close ends the server, and removes its data.
func (s *Server) Close() {
	s.Stop()
	_ = os.RemoveAll(s.dir) // it is temporary
}

// Pid is the process that runs, whose children are the connections.
func (s *Server) Pid() int { return s.process.Process.Pid }

// URL is the address of a database of the server.
func (s *Server) URL(database string) string {
	return "postgres://tests@127.0.0.1:" + s.port + "/" + database + "?sslmode=disable"
}

// Do runs statements in a database.
func (s *Server) Do(database string, statements ...string) error {
	return Do(s.URL(database), statements...)
}
