package quarantine

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/chunk"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

// The keys of a store: where they are, and how they are made.
//
// The private key is a file, by default DIR/quarantine.key, made when the store
// is and not again: the public key is noted in the database, so that the file
// can be moved to where mail is reviewed and the relay goes on without it. The
// secret of the indexes is DIR/quarantine.secret; every process that holds
// messages or filters by address needs it.

const (
	keyFile    = "quarantine.key"
	secretFile = "quarantine.secret"

	settingRecipient = "recipient"
	// settingSecret tells the secret that the store was made with from others.
	settingSecret = "secret_check"
)

// keyring is what a store seals, opens and finds with.
type keyring struct {
	recipient seal.Recipient
	identity  seal.Identity // none on a relay that only holds
	chunks    seal.Index    // finds chunks
	cuts      seal.Index    // its key decides where content is cut
	addresses seal.Index    // finds addresses
	senders   seal.Index    // makes the names of senders
	runs      seal.Index    // makes the keys that what relays share is sealed with
	path      string        // of the private key, where it would be
	warnings  []string
}

// openKeys reads the keys, and makes what is missing with tx, which has the
// write lock. Without one it only reads, and ok tells whether all was there.
func (s *Store) openKeys(ctx context.Context, tx *sql.Tx) (k keyring, ok bool, err error) {
	var q querier = s.reader
	if tx != nil {
		q = tx
	}
	k.path = s.opts.Identity
	if k.path == "" {
		k.path = filepath.Join(s.dir, keyFile)
	}
	if k.identity, err = s.readIdentity(k.path); err != nil {
		return k, false, err
	}
	noted, err := setting(ctx, q, settingRecipient)
	if err != nil {
		return k, false, err
	}
	if ok, err = s.chooseRecipient(ctx, tx, &k, noted); err != nil || !ok {
		return k, false, err
	}
	secret, ok, err := s.readSecret(tx != nil, noted != "")
	if err != nil || !ok {
		return k, false, err
	}
	if ok, err = s.checkSecret(ctx, tx, q, secret); err != nil || !ok {
		return k, false, err
	}
	for purpose, index := range map[string]*seal.Index{"chunks": &k.chunks, "cuts": &k.cuts, "addresses": &k.addresses, "senders": &k.senders, "runs": &k.runs} {
		if *index, err = seal.NewIndex(secret, purpose); err != nil {
			return k, false, fmt.Errorf("%s: %w", s.secretPath(), err)
		}
	}
	if !k.identity.None() && s.opts.Identity == "" {
		k.warnings = append(k.warnings, fmt.Sprintf("the quarantine's private key lies beside what it opens: "+
			"move %s to where mail is reviewed, and name it there as quarantine.identity; holding goes on without it", k.path))
	}
	return k, true, nil
}

// chooseRecipient settles on a public key: the configured one, the one noted
// before, that of the private key, or a new one, in this order.
func (s *Store) chooseRecipient(ctx context.Context, tx *sql.Tx, k *keyring, noted string) (bool, error) {
	want := s.opts.Recipient
	if want == "" {
		want = noted
	}
	if want == "" && tx == nil {
		return false, nil
	}
	if want == "" {
		if k.identity.None() {
			if s.shared() {
				return false, errors.New("no public key: make a pair with age-keygen, name its public half as quarantine.recipient " +
					"on every machine, and its private half as quarantine.identity where mail is reviewed")
			}
			if err := s.makeIdentity(k); err != nil {
				return false, err
			}
		}
		want = k.identity.Recipient().String()
	}
	var err error
	if k.recipient, err = seal.ParseRecipient(want); err != nil {
		return false, fmt.Errorf("public key: %w", err)
	}
	if want == noted {
		return true, nil
	}
	if tx == nil {
		return false, nil
	}
	if err := setSetting(ctx, tx, settingRecipient, want); err != nil || noted == "" {
		return true, err
	}
	// Whoever can change this decides who reads what comes.
	return true, s.append(ctx, tx, Entry{Act: ActRecipient, By: bySystem, Reason: "configured: " + want})
}

// readIdentity reads the private key. That there is none at the usual place
// is no error; at a place that was named it is.
func (s *Store) readIdentity(path string) (seal.Identity, error) {
	text, err := s.readFile(path)
	if errors.Is(err, fs.ErrNotExist) && s.opts.Identity == "" {
		return seal.Identity{}, nil
	}
	if err != nil {
		return seal.Identity{}, fmt.Errorf("private key: %w", err)
	}
	identity, err := seal.ParseIdentity(strings.NewReader(string(text)))
	if err != nil {
		return seal.Identity{}, fmt.Errorf("private key %s: %w", path, err)
	}
	return identity, nil
}

func (s *Store) makeIdentity(k *keyring) (err error) {
	if k.identity, err = seal.NewIdentity(); err != nil {
		return err
	}
	if err := s.writeFile(k.path, k.identity.File()); err != nil {
		return fmt.Errorf("write a private key: %w", err)
	}
	return nil
}

func (s *Store) secretPath() string {
	if s.opts.Secret != "" {
		return s.opts.Secret
	}
	return filepath.Join(s.dir, secretFile)
}

// shared says that the store is that of several machines: none of them makes keys
// for itself.
func (s *Store) shared() bool { return s.opts.Database != "" }

// readSecret reads the secret of the indexes, or makes it for a store that was
// not used yet. With another one nothing would be found that was there before:
// not who has a copy already.
func (s *Store) readSecret(write, used bool) (secret []byte, ok bool, err error) {
	secret, err = s.readFile(s.secretPath())
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err == nil, err
	}
	if s.opts.Secret != "" || s.shared() {
		return nil, false, fmt.Errorf("secret: %w; write %d random bytes there once, as with `head -c %d /dev/urandom`, "+
			"and give each machine of the store the same file as quarantine.secret_file", err, seal.SecretSize, seal.SecretSize)
	}
	if used {
		return nil, false, fmt.Errorf("%w; put it back, or, if it is lost, write %d random bytes there: "+
			"addresses that were stored before are then not found", err, seal.SecretSize)
	}
	if !write {
		return nil, false, nil
	}
	secret = make([]byte, seal.SecretSize)
	rand.Read(secret) // never fails
	if err := s.writeFile(s.secretPath(), string(secret)); err != nil {
		return nil, false, fmt.Errorf("write a secret: %w", err)
	}
	return secret, true, nil
}

// checkSecret makes sure that a shared store is used with the secret it was made
// with: with another one a machine would find nothing of what the others store, and
// they nothing of its.
func (s *Store) checkSecret(ctx context.Context, tx *sql.Tx, q querier, secret []byte) (ok bool, err error) {
	if !s.shared() {
		return true, nil
	}
	index, err := seal.NewIndex(secret, "check")
	if err != nil {
		return false, fmt.Errorf("%s: %w", s.secretPath(), err)
	}
	sum := index.Sum([]byte(settingSecret))
	noted, err := setting(ctx, q, settingSecret)
	switch check := hex.EncodeToString(sum[:]); {
	case err != nil || noted == check:
		return err == nil, err
	case noted != "":
		return false, fmt.Errorf("%s is not the secret that this store was made with; copy the file from another machine of the store. "+
			"If it is lost everywhere, remove %s from the table settings: addresses that were stored before are then not found", s.secretPath(), settingSecret)
	case tx == nil:
		return false, nil
	default:
		return true, setSetting(ctx, tx, settingSecret, check)
	}
}

// readFile reads a small file.
func (s *Store) readFile(path string) ([]byte, error) {
	f, err := s.opts.disk.Open(path)
	if err != nil {
		return nil, err
	}
	const most = 1 << 20
	text, err := io.ReadAll(io.LimitReader(f, most))
	return text, errors.Join(err, f.Close())
}

// writeFile makes a small file with mode 0600 that is whole or not there. The
// caller has the write lock, so nobody else makes it meanwhile.
func (s *Store) writeFile(path, text string) error {
	d := s.opts.disk
	name, err := newID(rand.Reader, "key")
	if err != nil {
		return err
	}
	temporary := filepath.Join(s.incomingDir(), name)
	f, err := d.Create(temporary)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.Rename(temporary, path)
	}
	if err != nil {
		return errors.Join(err, ignoreMissing(d.Remove(temporary)))
	}
	return d.SyncDir(filepath.Dir(path))
}

// loadKeys sets the store's keys, and makes them the first time.
func (s *Store) loadKeys(ctx context.Context) error {
	k, ok, err := s.openKeys(ctx, nil)
	if err == nil && !ok {
		err = s.write(ctx, func(tx *sql.Tx) error { return s.loadKeysIn(ctx, tx, &k) })
	}
	s.keys = k
	return err
}

func (s *Store) loadKeysIn(ctx context.Context, tx *sql.Tx, k *keyring) (err error) {
	*k, _, err = s.openKeys(ctx, tx)
	return err
}

func setting(ctx context.Context, q querier, name string) (value string, err error) {
	err = q.QueryRowContext(ctx, "SELECT value FROM settings WHERE name = ?", name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read setting %s: %w", name, err)
	}
	return value, nil
}

func setSetting(ctx context.Context, q querier, name, value string) error {
	_, err := q.ExecContext(ctx, "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	if err != nil {
		return fmt.Errorf("write setting %s: %w", name, err)
	}
	return nil
}

func newCutter(k keyring) (*chunk.Cutter, error) { return chunk.NewCutter(k.cuts.Key()) }

// Warnings tells what an operator should know of the store that is open: that
// its private key lies beside it.
func (s *Store) Warnings() []string { return s.keys.warnings }

// Recipient is the public key that content is sealed to, age1….
func (s *Store) Recipient() string { return s.keys.recipient.String() }

// CanOpen reports whether the private key is here.
func (s *Store) CanOpen() bool { return !s.keys.identity.None() }
