package quarantine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Tests that need other processes start this binary again, with the work to
// do in the environment.
const (
	childWork = "QUARANTINE_TEST_CHILD"
	childDir  = "QUARANTINE_TEST_DIR"
)

func TestMain(m *testing.M) {
	work, ok := map[string]func(*Store) error{
		"hold":    holdUntilKilled,
		"release": releaseWhatIsNamed,
	}[os.Getenv(childWork)]
	if !ok {
		goleak.VerifyTestMain(swept{m})
	}
	s, err := openIn(context.Background(), os.Getenv(childDir), childOptions())
	if err == nil {
		err = errors.Join(work(s), s.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// swept runs the tests and closes what benchmarks share, so that what is still
// at work then was left behind by a test.
type swept struct{ *testing.M }

func (s swept) Run() int {
	code := s.M.Run()
	removeMillions()
	return code
}

// child starts this binary to do work on the store in dir. Its output is read
// by lines, and a line without its end is none.
func child(t *testing.T, work, dir string, env ...string) (cmd *exec.Cmd, in io.WriteCloser, out *bufio.Reader) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childWork+"="+work, childDir+"="+dir)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, in, bufio.NewReader(pipe)
}

// killContent is small, or a pack of its own, or shares one with others.
func killContent() string {
	switch n := rand.Uint64(); n % 4 {
	case 0:
		return bulk(fmt.Sprint(n))
	case 1:
		return bulk(fmt.Sprint(n)) + bulk("in many")
	case 2:
		return head(int(n>>8)) + bulk("in many")
	default:
		return strings.Repeat(fmt.Sprintf("%d of a customer table\r\n", n), rand.IntN(4000))
	}
}

// holdUntilKilled holds messages of all sizes as fast as it can, and says so
// only after Hold has returned. Now and then it deletes one, and says so
// before.
func holdUntilKilled(s *Store) error {
	var wg sync.WaitGroup
	errs := make(chan error, 4)
	for range cap(errs) {
		wg.Go(func() {
			for {
				m, err := s.Hold(context.Background(), letter(3), strings.NewReader(killContent()))
				if errors.Is(err, errChunksGone) {
					continue // its client would come again
				}
				if err == nil {
					_, err = fmt.Printf("%s %s\n", m.ID, m.SHA256)
				}
				if err == nil && rand.IntN(3) == 0 {
					fmt.Printf("%s deleted\n", m.ID)
					err = s.Delete(context.Background(), m.ID, "anna", "")
				}
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	return <-errs
}

func TestKillLosesNoAcknowledgedMessage(t *testing.T) {
	t.Parallel()
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	dir := t.TempDir()
	acknowledged := map[string]string{} // SHA-256 by id, over all rounds
	var left SweepReport
	for range rounds {
		killWhileHolding(t, dir, acknowledged)

		s := open(t, dir, Options{Grace: 1}) // what is left over is so at once
		report := sweepAfterKill(t, s, acknowledged)
		left.Incoming += report.Incoming
		left.Orphans += report.Orphans
		if err := s.Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantTidy(t, s)
		if os.Getenv(testServer) != "" {
			continue
		}
		var sound string
		if err := s.reader.QueryRow("PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
			t.Fatalf("database: %s, %v", sound, err)
		}
	}
	t.Logf("%d rounds, %d messages acknowledged, %d half-written and %d without a row swept",
		rounds, len(acknowledged), left.Incoming, left.Orphans)
}

// killWhileHolding lets a child hold messages for a random moment and adds
// what it acknowledged.
func killWhileHolding(t *testing.T, dir string, acknowledged map[string]string, env ...string) {
	t.Helper()
	cmd, _, out := child(t, "hold", dir, env...)
	for first := true; ; first = false {
		line, err := out.ReadString('\n')
		if err != nil {
			break
		}
		id, sum, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			t.Fatalf("child says %q", line)
		}
		acknowledged[id] = sum
		if first {
			time.AfterFunc(time.Duration(rand.IntN(60_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		}
	}
	err := cmd.Wait()
	if cmd.ProcessState.Success() || cmd.ProcessState.Exited() {
		t.Fatalf("child was not killed, it ended: %v", err)
	}
}

// wantTidy finds nothing that a message does not need.
func wantTidy(t *testing.T, s *Store) {
	t.Helper()
	for what, query := range map[string]string{
		"chunks that are nobody's": "SELECT count(*) FROM chunks c WHERE NOT EXISTS (SELECT 1 FROM pieces p WHERE c.seq BETWEEN p.first AND p.last)",
		"packs without chunks":     "SELECT count(*) FROM packs k WHERE live >= 0 AND NOT EXISTS (SELECT 1 FROM chunks c WHERE c.pack = k.seq)",
		"bytes counted too many": `SELECT (SELECT bytes FROM volume) - (SELECT coalesce(sum(bytes), 0) FROM packs)
			- (SELECT coalesce(sum(length), 0) FROM chunks WHERE pack IS NULL)`,
		"bytes alive and not counted": `SELECT count(*) FROM packs k WHERE live <> (SELECT sum(length) FROM chunks c WHERE c.pack = k.seq)`,
	} {
		var n int64
		if err := s.reader.QueryRow(query).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d %s, %v", n, what, err)
		}
	}
	var packs int
	if err := s.reader.QueryRow("SELECT count(*) FROM packs WHERE live >= 0").Scan(&packs); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, s.dir, packs)
}

func wantAllWhole(t *testing.T, s *Store) {
	t.Helper()
	for next, more := Cursor(""), true; more; more = next != "" {
		page, after, err := s.List(t.Context(), Query{After: next})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			if len(m.Recipients) != 3 {
				t.Fatalf("%s has %d recipients, was held with 3", m.ID, len(m.Recipients))
			}
			if m.State != Deleted {
				readContent(t, s, m.ID)
			}
		}
		next = after
	}
}

// releaseWhatIsNamed reads ids, tries to release each, and says how that went.
// It settles what it won at the end of its input.
func releaseWhatIsNamed(s *Store) error {
	ctx := context.Background()
	fmt.Println("ready")
	var won []*Release
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		r, err := s.BeginRelease(ctx, in.Text(), nil, fmt.Sprint("process ", os.Getpid()), "")
		switch {
		case err == nil:
			won = append(won, r)
			fmt.Println("won")
		case errors.Is(err, ErrBusy):
			fmt.Println("busy")
		default:
			return err
		}
	}
	for _, r := range won {
		m := r.Message()
		err := r.Settle(ctx, []RecipientResult{{Address: m.Recipients[0].Address, State: RecipientReleased, Reply: "250 2.0.0 taken"}})
		if err != nil {
			return err
		}
	}
	return in.Err()
}

func TestOneOfTwoProcessesReleases(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	var ids []string
	for range 20 {
		ids = append(ids, hold(t, s, letter(1), "x").ID)
	}
	cmds := make([]*exec.Cmd, 2)
	ins := make([]io.WriteCloser, len(cmds))
	outs := make([]*bufio.Reader, len(cmds))
	for i := range cmds {
		cmds[i], ins[i], outs[i] = child(t, "release", dir)
		if line, err := outs[i].ReadString('\n'); err != nil || line != "ready\n" {
			t.Fatalf("child says %q, %v", line, err)
		}
	}
	for _, in := range ins { // both set off with all ids at hand
		go func() { _, _ = io.WriteString(in, strings.Join(ids, "\n")+"\n") }()
	}
	for range ids {
		var said [2]string
		for i, out := range outs {
			line, err := out.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			said[i] = strings.TrimSpace(line)
		}
		if said != [2]string{"won", "busy"} && said != [2]string{"busy", "won"} {
			t.Errorf("one message: %q", said)
		}
	}
	for i, cmd := range cmds {
		if err := errors.Join(ins[i].Close(), cmd.Wait()); err != nil {
			t.Error(err)
		}
	}
	for _, id := range ids {
		if m := get(t, s, id); m.State != Released || m.Recipients[0].Reply != "250 2.0.0" {
			t.Errorf("%s is %s, %q", id, m.State, m.Recipients[0].Reply)
		}
		_, err := s.BeginRelease(t.Context(), id, nil, "anna", "")
		wantErr(t, err, ErrDecided)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// sweepAfterKill makes sure that all that was acknowledged is held and whole, and
// that nothing of it is missing for Sweep.
func sweepAfterKill(t *testing.T, s *Store, acknowledged map[string]string) SweepReport {
	t.Helper()
	for id, sum := range acknowledged {
		if m := get(t, s, id); sum != "deleted" && (m.SHA256 != sum || m.State != Held) {
			t.Fatalf("%s is held with other content than acknowledged", id)
		}
	}
	wantAllWhole(t, s)
	report, err := s.Sweep(t.Context())
	if err != nil || len(report.Missing) > 0 {
		t.Fatalf("sweep: %+v, %v", report, err)
	}
	return report
}
