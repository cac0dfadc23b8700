//go:build unix

package review_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
)

const (
	childDir      = "REVIEW_TEST_DIR"
	childDatabase = "REVIEW_TEST_DATABASE"
)

func sharedOptions(dir, database string) quarantine.Options {
	return quarantine.Options{Database: database, Secret: filepath.Join(dir, "secret"), Identity: filepath.Join(dir, "key"), Lease: 600 * time.Millisecond}
}

// sharedDir has the files that sharedOptions names.
func sharedDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	identity, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"key": identity.File(), "secret": strings.Repeat("s", seal.SecretSize)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// sentLog is an upstream that notes in a file whom it was sent something for.
type sentLog struct{ file *os.File }

func (l sentLog) Send(_ context.Context, e upstream.Envelope, content io.Reader, _ int64) ([]upstream.Result, error) {
	if _, err := io.Copy(io.Discard, content); err != nil {
		return nil, err
	}
	var results []upstream.Result
	for _, r := range e.Recipients {
		if _, err := fmt.Fprintln(l.file, r.Path); err != nil {
			return nil, err
		}
		results = append(results, upstream.Result{Path: r.Path, Outcome: upstream.Accepted, Reply: upstream.Reply{Code: 250}})
	}
	time.Sleep(5 * time.Millisecond) // it may be killed here
	return results, nil
}

// doAsChild does what a test has started this process for, until it is killed.
func doAsChild() {
	if dir := os.Getenv(childDir); dir != "" {
		carryOutUntilKilled(dir)
	}
}

// carryOutUntilKilled is a relay that looks for decisions which nobody carries out.
func carryOutUntilKilled(dir string) {
	ctx := context.Background()
	store, err := quarantine.Open(ctx, filepath.Join(dir, "store"), sharedOptions(dir, os.Getenv(childDatabase)))
	var file *os.File
	if err == nil {
		file, err = os.OpenFile(filepath.Join(dir, "sent"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	jobs := review.NewJobs(review.JobsConfig{Desk: review.New(review.Config{Store: store, Upstream: sentLog{file}}), Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	for ; ; time.Sleep(20 * time.Millisecond) {
		if err := jobs.CatchUp(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

// Relays that share a quarantine are killed again and again while they release an
// incident: others go on with it to its end, nobody gets a copy twice, and of a copy
// that was under way it is said that it may have been sent.
func TestAReleaseGoesOnWhateverRelayIsKilled(t *testing.T) {
	server, dir := postgrestest.Start(t), sharedDir(t)
	store, err := quarantine.Open(t.Context(), filepath.Join(dir, "store"), sharedOptions(dir, server.URL("postgres")))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	const copies, kills = 80, 3
	o := &office{t: t, store: store, run: "run"}
	for i := range copies {
		o.hold(fmt.Sprintf("copy %d", i), 5, fmt.Sprintf("reader%d@post.test", i))
	}
	d, err := store.Decide(t.Context(), quarantine.Decision{Incident: o.incident(), Action: quarantine.ActionRelease, By: "ana",
		Plan: quarantine.Plan{Messages: o.ids}}, false)
	if err == nil {
		err = store.LeaveDecision(t.Context(), d.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	relay := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+dir, childDatabase+"="+server.URL("postgres"))
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	kill := func(cmd *exec.Cmd) {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // killed
	}
	sent := func() []string {
		b, err := os.ReadFile(filepath.Join(dir, "sent"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		return strings.Fields(string(b))
	}
	relays := []*exec.Cmd{relay(), relay()}
	defer func() {
		for _, r := range relays {
			kill(r)
		}
	}()
	before, killed := 0, 0
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if _, err := store.OpenDecision(t.Context(), d.Incident); errors.Is(err, quarantine.ErrNotFound) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("the decision does not end; %d are sent", len(sent()))
		}
		if n := len(sent()); n >= before+copies/(kills+2) && killed < kills { // both: one of them is at it
			before = n
			killed++
			for i, r := range relays {
				kill(r)
				relays[i] = relay()
			}
		}
	}
	times := map[string]int{}
	for _, address := range sent() {
		if times[address]++; times[address] > 1 {
			t.Errorf("%s is sent to %d times", address, times[address])
		}
	}
	states := map[quarantine.RecipientState]int{}
	for i, id := range o.ids {
		m, err := store.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		r := m.Recipients[0]
		states[r.State]++
		if r.State == quarantine.RecipientReleased != (times[r.Address] == 1) && r.State != quarantine.RecipientUnknown {
			t.Errorf("copy %d is %s, sent %d times", i, r.State, times[r.Address])
		}
	}
	unknown := states[quarantine.RecipientUnknown]
	if killed == 0 || unknown > killed || states[quarantine.RecipientReleased]+unknown != copies {
		t.Errorf("after %d kills the recipients are %v", killed, states)
	}
	t.Logf("%d kills: %v", killed, states)
	if err := store.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// A relay that ends in order leaves to others what it has not begun, too: they need not
// wait for the end of a lease.
func TestWhatWaitedForItsTurnIsLeftToOthers(t *testing.T) {
	server, dir := postgrestest.Start(t), sharedDir(t)
	options := sharedOptions(dir, server.URL("postgres"))
	options.Lease = time.Hour
	store, err := quarantine.Open(t.Context(), filepath.Join(dir, "store"), options)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	g := newGate()
	o := &office{t: t, store: store, sent: map[string][]string{}, answer: g.answer}
	o.cfg = review.Config{Store: store, Upstream: o, TwoPeopleFrom: 100}
	j := o.jobs(func(c *review.JobsConfig) { c.AtOnce = 1 })
	var last string
	for i, run := range []string{"run", "another run"} {
		o.run, o.ids = run, nil
		o.hold(fmt.Sprintf("copy %d", i), 5, "reader@post.test")
		last = o.incident()
		if _, err := j.Decide(t.Context(), o.request(quarantine.ActionRelease)); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			<-g.arrived
		}
	}
	closed := make(chan error, 1)
	go func() { closed <- j.Close(context.Background()) }()
	if waited := ended(t, j, last); !errors.Is(waited.Err, review.ErrStopped) {
		t.Errorf("what waited ended with %v", waited.Err)
	}
	g.pass <- struct{}{}
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if left, err := store.TakeUnfinished(t.Context()); err != nil || len(left) != 1 || left[0] != last {
		t.Errorf("others find %v, %v; want %s", left, err, last)
	}
}
