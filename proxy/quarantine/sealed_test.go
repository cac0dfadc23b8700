package quarantine

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
	"github.com/google/go-cmp/cmp"
)

// named is a message whose every word names somebody.
func named() Message {
	return Message{
		From: "Zoe.Quill@shop.example", MailParams: []string{"AUTH=zquill@shop.example"},
		Recipients: []Recipient{{Address: "Yan.Moss@post.example", Params: []string{"ORCPT=rfc822;ymoss@post.example"}}, {Address: "w@other.example"}},
		Client:     "192.0.2.77", Auth: "zquill-login", Policy: "bulk-customer-records", Subjects: 12,
		Reasons: []string{"12 people in list-of-quill.csv"}, Evidence: []byte(`{"sample":"Q**** of quill"}`),
	}
}

// wordsOf are what must not be found in the files of a store.
var wordsOf = []string{"quill", "moss", "192.0.2.77", "shop.example", "post.example", "other.example"}

func wantNoWords(t *testing.T, dir string, words ...string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		b = bytes.ToLower(b)
		for _, word := range words {
			if bytes.Contains(b, []byte(word)) {
				t.Errorf("%s has %q in the clear", filepath.Base(path), word)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNamesAreOnDiskSealedOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	m := hold(t, s, named(), "Subject: x\r\n\r\nbody\r\n")
	wantNoWords(t, dir, wordsOf...)
	if diff := cmp.Diff(m, get(t, s, m.ID)); diff != "" {
		t.Errorf("read otherwise than held (-held +read):\n%s", diff)
	}
}

// takeKey moves the private key away, as the warning asks to.
func takeKey(t *testing.T, dir string) (elsewhere string) {
	t.Helper()
	elsewhere = filepath.Join(t.TempDir(), "review.key")
	if err := os.Rename(filepath.Join(dir, keyFile), elsewhere); err != nil {
		t.Fatal(err)
	}
	return elsewhere
}

func TestRelayWithoutThePrivateKeyHoldsAndCannotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := open(t, dir, Options{})
	if w := first.Warnings(); len(w) != 1 || !strings.Contains(w[0], keyFile) {
		t.Errorf("warnings %q, want one that names the key", w)
	}
	before := hold(t, first, named(), "before")
	key := takeKey(t, dir)

	relay := open(t, dir, Options{})
	if w := relay.Warnings(); len(w) != 0 || relay.CanOpen() || relay.Recipient() != first.Recipient() {
		t.Errorf("warnings %q, can open: %v, seals to %s", w, relay.CanOpen(), relay.Recipient())
	}
	after := hold(t, relay, named(), "after")
	for _, id := range []string{before.ID, after.ID} {
		m := get(t, relay, id)
		if !m.Sealed || m.From != "" || m.Client != "" || m.Auth != "" || m.Reasons != nil || m.Evidence != nil || m.Policy == "" {
			t.Errorf("without the key it reads %+v", m)
		}
		if len(m.Recipients) != 2 || m.Recipients[0].Address != "" || m.Recipients[1].State != RecipientHeld {
			t.Errorf("without the key the recipients are %+v", m.Recipients)
		}
		_, err := relay.BeginRelease(t.Context(), id, nil, "anna", "")
		wantErr(t, err, ErrSealed)
		if !strings.Contains(err.Error(), "quarantine.identity") {
			t.Errorf("%v does not say what to do", err)
		}
	}
	if err := relay.Refuse(t.Context(), before.ID, "anna", "deciding needs no key"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, keyFile)); err == nil {
		t.Error("a new private key was made for the one that is gone")
	}

	review := open(t, dir, Options{Identity: key})
	if diff := cmp.Diff(after, get(t, review, after.ID)); diff != "" {
		t.Errorf("with the key it reads (-held +read):\n%s", diff)
	}
	if got := readContent(t, review, before.ID); got != "before" {
		t.Errorf("content %q", got)
	}
	r, err := review.BeginRelease(t.Context(), after.ID, nil, "anna", "")
	if err != nil {
		t.Fatal(err)
	}
	settle(t, r, RecipientResult{Address: "w@other.example", State: RecipientReleased})
}

func TestKeysThatDoNotFitSaySo(t *testing.T) {
	t.Parallel()
	other, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "other.key")
	write(t, path, other.File())

	dir := t.TempDir()
	m := hold(t, open(t, dir, Options{}), named(), "x")
	wrong := open(t, dir, Options{Identity: path})
	if got := get(t, wrong, m.ID); !got.Sealed {
		t.Errorf("another's key reads %+v", got)
	}
	_, err = wrong.BeginRelease(t.Context(), m.ID, nil, "anna", "")
	wantErr(t, err, ErrSealed)

	for _, o := range []Options{{Identity: path + "x"}, {Recipient: "age1nonsense"}} {
		if s, err := Open(t.Context(), t.TempDir(), o); err == nil {
			t.Errorf("%+v opens: %v", o, s.Close())
		}
	}
	// With a public key from elsewhere no private one is made.
	dir = t.TempDir()
	s := open(t, dir, Options{Recipient: other.Recipient().String()})
	m = hold(t, s, named(), "x")
	if _, err := os.Stat(filepath.Join(dir, keyFile)); err == nil {
		t.Error("a private key was made, though the public one is configured")
	}
	if got := get(t, open(t, dir, Options{Identity: path}), m.ID); got.From != named().From {
		t.Errorf("with the key it reads %+v", got)
	}
}

// A new public key is for what comes; the old private key stays needed for
// what was.
func TestPublicKeyIsReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := hold(t, open(t, dir, Options{}), named(), "x")
	next, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	now := hold(t, open(t, dir, Options{Recipient: next.Recipient().String()}), named(), "y")
	if m := get(t, open(t, dir, Options{}), now.ID); !m.Sealed {
		t.Error("the old private key reads what was sealed to the new one")
	}
	first, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	both := filepath.Join(t.TempDir(), "both.key")
	write(t, both, next.File()+string(first))
	s := open(t, dir, Options{Identity: both})
	for _, id := range []string{old.ID, now.ID} {
		if m := get(t, s, id); m.Sealed {
			t.Errorf("%s is sealed to both keys", id)
		}
	}
	if got := acts(t, s); len(got) != 3 || got[1] != "recipient by bulkhead" {
		t.Errorf("audit trail %q, want the change in it", got)
	}
	if s.Recipient() != next.Recipient().String() {
		t.Error("the new public key is not remembered")
	}
}

func TestAddressesAreFoundWithoutThePrivateKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := hold(t, open(t, dir, Options{}), named(), "x")
	takeKey(t, dir)
	s := open(t, dir, Options{})
	hold(t, s, letter(1), "other sender, other recipient")
	hold(t, s, Message{Recipients: letter(1).Recipients}, "a bounce")
	tests := []struct {
		query Query
		found bool
	}{
		{Query{From: "zoe.quill@SHOP.example"}, true},
		{Query{From: "@shop.example", MinSubjects: 12, To: "w@other.example"}, true},
		{Query{From: "shop.example", To: "@post.example", States: []State{Held}}, true},
		{Query{To: "yan.moss@post.example"}, true},
		{Query{To: "Other.Example"}, true},
		{Query{From: "quill@shop.example"}, false},
		{Query{From: "@example"}, false},
		{Query{To: "zoe.quill@shop.example"}, false},
		{Query{From: "yan.moss@post.example"}, false},
	}
	for _, test := range tests {
		all, _, err := s.List(t.Context(), test.query)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, one := range all {
			found = found || one.ID == m.ID
		}
		if found != test.found {
			t.Errorf("%+v finds it: %v, want %v", test.query, found, test.found)
		}
	}
}

// A relay forgets its key, so that it cannot read what it wrote long ago.
func TestKeysAreChanged(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	key := func() int64 {
		k, err := s.writeKey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return k.seq
	}
	first := key()
	c.Add(keyAge - time.Second)
	if key() != first {
		t.Error("the key is changed too early")
	}
	c.Add(time.Second)
	second := key()
	if second == first {
		t.Error("the key is not changed for its age")
	}
	s.sealer.left = 0
	if key() == second {
		t.Error("the key is not changed for its use")
	}
}

func TestSealedRecordBelongsToItsRow(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	a, b := hold(t, s, named(), "x"), hold(t, s, letter(2), "y")
	if _, err := s.writer.Exec("UPDATE messages SET sealed = (SELECT sealed FROM messages WHERE id = ?) WHERE id = ?", a.ID, b.ID); err != nil {
		t.Fatal(err)
	}
	_, err := s.Get(t.Context(), b.ID)
	wantErr(t, err, ErrDamaged)
}

// Without the secret, who has a copy already is not found, and would be sent it
// again: a store that has been used does not go on with a new one.
func TestALostSecretIsNotMadeAnew(t *testing.T) {
	ofSQLite(t, "a secret that it makes")
	t.Parallel()
	dir := t.TempDir()
	m := hold(t, open(t, dir, Options{}), named(), "x")
	path := filepath.Join(dir, secretFile)
	secret, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	s, err := openIn(t.Context(), dir, Options{})
	if err == nil {
		t.Fatal("the store opens without its secret: ", s.Close())
	}
	if !strings.Contains(err.Error(), path) {
		t.Errorf("%v does not say what is missing", err)
	}
	write(t, path, string(secret))
	if all, _, err := open(t, dir, Options{}).List(t.Context(), Query{From: m.From}); err != nil || len(all) != 1 {
		t.Errorf("with it %d are found, %v", len(all), err)
	}
}
