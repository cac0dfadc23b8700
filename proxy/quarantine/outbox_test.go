package quarantine

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// every is for a process that takes all notices.
func every(string, time.Time) bool { return true }

// TestADamagedNoticeKeepsNoOtherBack, nor does one that is sealed to a key which
// is not here.
func TestADamagedNoticeKeepsNoOtherBack(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	for _, key := range []string{"mail/1", "mail/2", "mail/3"} {
		if _, err := s.PostNotice(t.Context(), key, "mail", []byte("for "+key)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.writer.Exec("UPDATE notices SET sealed = ? WHERE key = 'mail/2'", []byte{0, 0x11, 0x22, 0x33}); err != nil {
		t.Fatal(err)
	}
	due, err := s.TakeNotices(t.Context(), 0, every)
	if err != nil || len(due) != 3 {
		t.Fatalf("%d notices, %v; want 3", len(due), err)
	}
	for _, o := range due {
		if damaged := o.Key == "mail/2"; o.Damaged != damaged || (o.Payload == nil) != damaged {
			t.Errorf("%s: damaged %v, payload %q", o.Key, o.Damaged, o.Payload)
		}
	}
	if err := os.Rename(filepath.Join(dir, keyFile), filepath.Join(t.TempDir(), "away")); err != nil {
		t.Fatal(err)
	}
	relay := open(t, dir, Options{})
	due, err = relay.TakeNotices(t.Context(), time.Hour, func(key string, _ time.Time) bool { return key == "mail/3" })
	if err != nil || len(due) != 1 || due[0].Key != "mail/3" || due[0].Payload != nil {
		t.Errorf("without the private key were taken %+v, %v; want its own alone", due, err)
	}
	// So who has the key finds the others.
	if due, err = s.TakeNotices(t.Context(), time.Hour, every); err != nil || len(due) != 2 {
		t.Errorf("who has the key finds %d, %v; want 2", len(due), err)
	}
}

// TestWhatTellsOfADecisionIsPostedWithIt, and with no other: a crash between the
// two loses nothing, and nobody is told of what was not decided.
func TestWhatTellsOfADecisionIsPostedWithIt(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	taken := func(want ...string) {
		t.Helper()
		due, err := s.TakeNotices(t.Context(), time.Hour, every)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range due {
			got = append(got, o.Key+" "+string(o.Payload))
		}
		if !slices.Equal(got, want) {
			t.Errorf("posted are %q, want %q", got, want)
		}
	}
	of := func(key string) Posting { return Posting{Key: key, Channel: "mail", Payload: []byte("for " + key)} }
	m := hold(t, s, letter(2), "x")
	rel := begin(t, s, m.ID, reader1)
	wantErr(t, s.Refuse(t.Context(), m.ID, "anna", "", of("too early")), ErrBusy)
	wantErr(t, rel.Settle(t.Context(), []RecipientResult{{Address: "nobody@post.example"}}, of("no result")), ErrNotRecipient)
	taken()
	if err := rel.Settle(t.Context(), []RecipientResult{{Address: reader1, State: RecipientReleased}}, of("released"), of("and more")); err != nil {
		t.Fatal(err)
	}
	taken("released for released", "and more for and more")
	if err := s.Refuse(t.Context(), m.ID, "anna", "", of("refused")); err != nil {
		t.Fatal(err)
	}
	taken("refused for refused")
	wantErr(t, s.Refuse(t.Context(), m.ID, "anna", "", of("again")), ErrDecided)
	taken()
}

func TestNoticeIsPostedOnceAndTakenByOne(t *testing.T) {
	at := newClock()
	dir := t.TempDir()
	s := open(t, dir, Options{Clock: at.Now})
	for i, want := range []bool{true, false} {
		fresh, err := s.PostNotice(t.Context(), "mail/opened/IN-1", "mail", []byte("for ana@post.example"))
		if err != nil || fresh != want {
			t.Fatalf("post %d: fresh %v, %v", i+1, fresh, err)
		}
	}
	other := open(t, dir, Options{Clock: at.Now}) // another process
	due, err := other.TakeNotices(t.Context(), time.Minute, every)
	if err != nil || len(due) != 1 || string(due[0].Payload) != "for ana@post.example" || due[0].Attempts != 0 {
		t.Fatalf("due %+v, %v", due, err)
	}
	if again, err := s.TakeNotices(t.Context(), time.Minute, every); err != nil || len(again) != 0 {
		t.Errorf("taken twice: %+v, %v", again, err)
	}
	// Who took it died: it is due again when the lease ends.
	at.Add(time.Minute)
	due, err = s.TakeNotices(t.Context(), time.Minute, every)
	if err != nil || len(due) != 1 || due[0].Attempts != 1 {
		t.Fatalf("after the lease: %+v, %v", due, err)
	}
	if err := s.DelayNotice(t.Context(), due[0].ID, at.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	at.Add(59 * time.Minute)
	if due, err := s.TakeNotices(t.Context(), time.Minute, every); err != nil || len(due) != 0 {
		t.Errorf("taken before its time: %+v, %v", due, err)
	}
	at.Add(time.Minute)
	due, err = s.TakeNotices(t.Context(), time.Minute, every)
	if err != nil || len(due) != 1 {
		t.Fatalf("at its time: %+v, %v", due, err)
	}
	if err := s.EndNotice(t.Context(), due[0].ID, "ok"); err != nil {
		t.Fatal(err)
	}
	at.Add(24 * time.Hour)
	if due, err := s.TakeNotices(t.Context(), time.Minute, every); err != nil || len(due) != 0 {
		t.Errorf("sent twice: %+v, %v", due, err)
	}
	if fresh, err := s.PostNotice(t.Context(), "mail/opened/IN-1", "mail", nil); err != nil || fresh {
		t.Errorf("a key is used twice: %v, %v", fresh, err)
	}
}

func TestNoticeNamesNobodyOnDisk(t *testing.T) {
	ofSQLite(t, "its files")
	dir := t.TempDir()
	s := open(t, dir, Options{})
	if _, err := s.PostNotice(t.Context(), "sender/opened/IN-1", "sender", []byte("for ana@post.example")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, keyFile), filepath.Join(t.TempDir(), "away")); err != nil {
		t.Fatal(err)
	}
	relay := open(t, dir, Options{})
	due, err := relay.TakeNotices(t.Context(), time.Minute, every)
	if err != nil || len(due) != 1 || due[0].Payload != nil {
		t.Errorf("without the key: %+v, %v", due, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "quarantine.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte("ana@post")) {
			t.Errorf("%s holds an address in clear", filepath.Base(f))
		}
	}
}

func TestWhatTheClientWasAnsweredIsKept(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	for _, code := range []int{0, 250, 550, 451} {
		m := letter(1)
		m.Answered = code
		held, err := s.Hold(t.Context(), m, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		want := code
		if code == 0 {
			want = 250
		}
		if got := get(t, s, held.ID).Answered; got != want {
			t.Errorf("answered %d is read as %d", code, got)
		}
	}
}
