package quarantine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// table is the accident's file: so many rows of made-up customers.
func table(rows int) string {
	r := rand.New(rand.NewPCG(2006, 7))
	var b strings.Builder
	b.WriteString("service_id,username,full_name,product_name,subscription_charge,postmaster_email,alt_email,visp,optout_status,active_status\r\n")
	for range rows {
		n := r.IntN(1e6)
		fmt.Fprintf(&b, "%07d,user%06d,Given%d Family%d,Broadband %d GB,%d.95,postmaster@user%06d.isp.example,alt%d@mail%d.example,visp%d,%d,active\r\n",
			r.IntN(1e7), n, r.IntN(2000), r.IntN(5000), 1+r.IntN(40), 9+r.IntN(60), n, r.IntN(1e6), r.IntN(99), r.IntN(9), r.IntN(2))
	}
	return b.String()
}

// head is that of one copy of a mailing: no two have a line in common that
// says who gets it, when and by which hop.
func head(i int) string {
	var noise [24]byte
	binary.BigEndian.PutUint64(noise[:], uint64(i))
	random := rand.NewChaCha8([32]byte(bytes.Repeat(noise[:8], 4)))
	random.Read(noise[:])
	return fmt.Sprintf("Received: from tool.isp.example ([192.0.2.9]) by relay.isp.example with ESMTP id %x; Wed, 25 Nov 2026 10:%02d:%02d +0000\r\n"+
		"DKIM-Signature: v=1; a=rsa-sha256; d=isp.example; s=k1; bh=%x; b=%x%x\r\nMessage-ID: <%x@tool.isp.example>\r\n"+
		"From: Bulletins <bulletins@isp.example>\r\nTo: Reader Number %d <reader%d@client%d.example>\r\nSubject: Your monthly bulletin\r\n"+
		"List-Unsubscribe: <https://isp.example/u/%x>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
		noise[:8], i/60%60, i%60, noise[:16], noise[4:20], noise[:], noise[8:], i, i, i%97, noise[:12])
}

// copyTo is what the store knows of a copy, with the evidence of the others.
func copyTo(i int) Message {
	m := Message{From: "bulletins@isp.example", Auth: "bulletins", Client: "192.0.2.9", IncidentKey: "run",
		MailParams: []string{"BODY=8BITMIME"}, Recipients: []Recipient{{Address: fmt.Sprintf("reader%d@client%d.example", i, i%97)}},
		Action: "hold", Policy: "bulk-customer-records", PolicyVersion: "1f5c", Subjects: 20000, Records: 20000, Completeness: "complete",
		Fields:  []string{"contact.email", "finance.amount", "id.customer", "id.username", "person.name"},
		Reasons: []string{"about 20,000 people who are not its readers, each with a direct identifier and 4 more fields"}}
	var rows []string
	for row := range 20 {
		rows = append(rows, fmt.Sprintf(`["%d*****","u***%d","G**** F****","B*** 2* GB","p***@u***.isp.example"]`, row, row))
	}
	m.Evidence = []byte(`[{"path":"1","kind":"table","rows":20000,"sample":[` + strings.Join(rows, ",") + `]}]`)
	return m
}

// diskUsed is what a store takes, log and all.
func diskUsed(t testing.TB, s *Store) (bytes int64) {
	t.Helper()
	if err := s.db.forget(t.Context(), s.writer); err != nil {
		t.Fatal(err)
	}
	err := filepath.Walk(s.dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			const block = 4096 // as file systems give it
			bytes += (info.Size() + block - 1) / block * block
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// 3,500 copies take at most 1.1 times one copy and 4 KiB a message.
func TestCopiesOfARunTakeTheRoomOfOne(t *testing.T) {
	t.Parallel()
	// What a further copy takes is the same for each: the accident's 3,500 come
	// through the relay, in a test of the program.
	copies, rows := 500, 25_500
	if testing.Short() {
		copies = 60
	}
	body := table(rows)
	s := open(t, t.TempDir(), Options{})
	empty := diskUsed(t, s)
	hold(t, s, copyTo(0), head(0)+body)
	one := diskUsed(t, s) - empty
	start := time.Now()
	var last Message
	for i := 1; i < copies; i++ {
		last = hold(t, s, copyTo(i), head(i)+body)
	}
	took := time.Since(start) / time.Duration(copies-1)
	all := diskUsed(t, s) - empty
	bound := one*11/10 + int64(copies)*4096
	t.Logf("%d copies of %d bytes: one takes %d, all take %d (bound %d), %d a further copy; %v a copy",
		copies, last.Size, one, all, bound, (all-one)/int64(copies-1), took)
	if all > bound {
		t.Errorf("%d bytes on disk, want at most %d", all, bound)
	}
	if last.Size < 3_400_000 {
		t.Errorf("a copy has %d bytes only", last.Size)
	}
	if got := readContent(t, s, last.ID); got != head(copies-1)+body {
		t.Error("the last copy is read otherwise")
	}
}

func TestSharedContentStaysUntilItsLastMessageGoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	body := bulk("shared")
	var ids []string
	for i := range 3 {
		ids = append(ids, hold(t, s, letter(1), fmt.Sprintf("Message-ID: <%d>\r\n\r\n", i)+body).ID)
	}
	wantFiles(t, dir, 1)
	for i, gone := range []int{0, 2, 1} {
		if err := s.Delete(t.Context(), ids[gone], "anna", ""); err != nil {
			t.Fatal(err)
		}
		wantErr(t, readAll(t, s, ids[gone]), ErrNotFound)
		if i < 2 {
			wantFiles(t, dir, 1)
			readContent(t, s, ids[1])
		}
	}
	wantFiles(t, dir, 0)
	var chunks int
	if err := s.reader.QueryRow("SELECT count(*) FROM chunks").Scan(&chunks); err != nil || chunks != 0 {
		t.Errorf("%d chunks are left, %v", chunks, err)
	}
	if st, err := s.Stats(t.Context()); err != nil || st.Stored != 0 || st.Bytes != 0 {
		t.Errorf("%+v, %v; want nothing stored", st, err)
	}
	hold(t, s, letter(1), body) // which another process may believe to be there
}

// Deleting destroys the keys: whoever kept the bytes of the packs, and has the
// private key, and looks into every page of the database, cannot open them.
func TestDeletedContentCannotBeOpenedFromWhatIsLeft(t *testing.T) {
	ofSQLite(t, "its files")
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	// Cuts differ from store to store: so much that chunks of both kinds are many.
	shared := bulk("shared") + bulk("shared too") + bulk("and more")
	m := hold(t, s, letter(1), bulk("own")+shared)
	hold(t, s, letter(1), "x\r\n\r\n"+shared)
	var secrets [][]byte
	parts, err := s.partsOf(t.Context(), s.reader, get1(t, s, m.ID).seq, streamContent)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		secrets = append(secrets, p.secret)
	}
	if err := s.Delete(t.Context(), m.ID, "anna", ""); err != nil {
		t.Fatal(err)
	}
	gone, kept := 0, 0
	for _, secret := range secrets {
		found := false
		for _, name := range []string{databaseName, databaseName + "-wal"} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			found = found || bytes.Contains(b, secret)
		}
		if found {
			kept++
		} else {
			gone++
		}
	}
	if gone < 3 || kept < 3 {
		t.Errorf("%d keys are gone and %d are there, want some of both", gone, kept)
	}
}

func get1(t *testing.T, s *Store, id string) row {
	t.Helper()
	r, err := scanMessage(s.reader.QueryRow("SELECT "+messageColumns+" FROM messages WHERE id = ?", id).Scan)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSweepWritesPacksAnewThatAreMostlyDead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	shared := bulk("shared")
	m := hold(t, s, letter(1), "y\r\n\r\n"+shared+bulk("1")+bulk("2")+bulk("3"))
	kept := hold(t, s, letter(1), "x\r\n\r\n"+shared)
	reader, err := s.Content(t.Context(), kept.ID) // from before
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if err := s.Delete(t.Context(), m.ID, "anna", ""); err != nil {
		t.Fatal(err)
	}
	takeKey(t, dir)
	relay := open(t, dir, Options{}) // needs no key for it
	report, err := relay.Sweep(t.Context())
	if err != nil || report.Packed != 1 || report.Freed < 3*inlineMost || len(report.Missing) > 0 {
		t.Errorf("sweep: %+v, %v", report, err)
	}
	wantFiles(t, dir, 1)
	if b, err := io.ReadAll(reader); err != nil || string(b) != "x\r\n\r\n"+shared {
		t.Errorf("a reader from before has %d bytes, %v", len(b), err)
	}
	if got := readContent(t, s, kept.ID); got != "x\r\n\r\n"+shared {
		t.Error("content differs after its pack was written anew")
	}
	if report, err := relay.Sweep(t.Context()); err != nil || report.Packed != 0 {
		t.Errorf("sweep again: %+v, %v", report, err)
	}
}

func TestManyHoldTheSameAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	body := bulk("shared")
	var wg sync.WaitGroup
	ids := make([]string, 16)
	for i := range ids {
		s := open(t, dir, Options{})
		wg.Go(func() {
			m, err := s.Hold(t.Context(), letter(1), strings.NewReader(head(i)+body))
			if err != nil {
				t.Error(err)
			}
			ids[i] = m.ID
		})
	}
	wg.Wait()
	wantFiles(t, dir, 1)
	s := open(t, dir, Options{})
	for i, id := range ids {
		if got := readContent(t, s, id); got != head(i)+body {
			t.Errorf("copy %d is read otherwise", i)
		}
	}
}

// Between the reading of a message and its commit, the last message that had
// the same content may be deleted. Then the message is not held, and its client
// told to come again.
func TestHoldNoticesThatSharedContentWasDeleted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, other := open(t, dir, Options{}), open(t, dir, Options{})
	body := bulk("shared")
	first := hold(t, s, letter(1), "x\r\n\r\n"+body)
	deleted := readerFunc(func([]byte) (int, error) {
		if err := other.Delete(t.Context(), first.ID, "anna", ""); err != nil {
			t.Error(err)
		}
		return 0, io.EOF
	})
	_, err := s.Hold(t.Context(), letter(1), io.MultiReader(strings.NewReader("y\r\n\r\n"+body), deleted))
	wantErr(t, err, errChunksGone)
	if errors.Is(err, ErrFull) {
		t.Error("the client is told that the store is full")
	}
	again := hold(t, s, letter(1), "y\r\n\r\n"+body)
	if got := readContent(t, s, again.ID); got != "y\r\n\r\n"+body {
		t.Error("content is read otherwise")
	}
}

func TestSweepSealsWhatAnOlderStoreLeftPlain(t *testing.T) {
	ofSQLite(t, "its migrations")
	t.Parallel()
	dir := t.TempDir()
	held, partly, content := oldStore(t, dir)
	s := open(t, dir, Options{})
	report, err := s.Sweep(t.Context())
	if err != nil || report.Sealed != 2 || len(report.Missing) > 0 {
		t.Errorf("sweep: %+v, %v", report, err)
	}
	wantFiles(t, dir, 0)
	for _, id := range []string{held.ID, partly.ID} {
		if got := readContent(t, s, id); got != content {
			t.Errorf("content of %s is %q", id, got)
		}
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if st, err := s.Stats(t.Context()); err != nil || st.Stored > 200 || st.Bytes != 2*int64(len(content)) {
		t.Errorf("%+v, %v", st, err)
	}
}
