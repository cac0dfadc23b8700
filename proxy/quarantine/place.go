package quarantine

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

const (
	settingOwner = "owner" // a random word that tells this quarantine from others
	settingPlace = "place" // where content is, if not in the folder

)

// openPacks opens where content is, and refuses another place than the one that
// it is in already.
func (s *Store) openPacks(ctx context.Context) error {
	s.packs = packs.NewFolder(s.opts.disk, s.dir)
	s.where = s.packs.Where()
	switch {
	case s.opts.Packs != nil:
		owner, err := s.owner(ctx)
		if err != nil {
			return err
		}
		if s.packs, err = s.opts.Packs(owner); err != nil {
			return err
		}
		s.where = s.packs.Where()
	case s.shared():
		name, err := s.folderName(ctx)
		if err != nil {
			return fmt.Errorf("the name of the folder of content: %w", err)
		}
		s.where += " " + name
	}
	_, err := s.checkPlace(ctx, s.reader)
	return err
}

// folderName gives the word that tells a folder of content from those of other
// machines, and makes it the first time: a folder moves with its file of SQLite, but
// not with a database that machines share.
func (s *Store) folderName(ctx context.Context) (string, error) {
	path := filepath.Join(s.contentDir(), "name")
	text, err := s.readFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return string(text), err
	}
	err = s.write(ctx, func(*sql.Tx) error { // nobody else makes it meanwhile
		if text, err = s.readFile(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		text = []byte(rand.Text())
		return s.writeFile(path, string(text))
	})
	return string(text), err
}

// checkPlace refuses another place than the one that there is content in, which it
// gives; "" where none was noted.
func (s *Store) checkPlace(ctx context.Context, q querier) (noted string, err error) {
	noted, err = setting(ctx, q, settingPlace)
	if noted == "" && !s.shared() {
		noted = "folder" // so it was before there was another place
	}
	if err != nil || noted == "" || noted == s.where {
		return noted, err
	}
	var n int
	err = q.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM packs WHERE live >= 0)
		+ (SELECT count(*) FROM messages WHERE plain = 1 AND stored = 1)`).Scan(&n)
	if err != nil {
		return noted, fmt.Errorf("look for content: %w", err)
	}
	if n > 0 {
		return noted, fmt.Errorf("content of this quarantine is in %q and would not be found in %q: go back to the first, or change "+
			"the place once all that is held there is decided and removed", noted, s.where)
	}
	return noted, nil
}

// notePlace notes where content is when there is some, and refuses another place than
// that of others.
func (s *Store) notePlace(ctx context.Context, tx *sql.Tx) error {
	noted, err := s.checkPlace(ctx, tx)
	if err != nil || noted == s.where {
		return err // nil is the usual case
	}
	return setSetting(ctx, tx, settingPlace, s.where)
}

// owner gives the word that tells this quarantine from others, and makes it the
// first time.
func (s *Store) owner(ctx context.Context) (owner string, err error) {
	if owner, err = setting(ctx, s.reader, settingOwner); err != nil || owner != "" {
		return owner, err
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		if owner, err = setting(ctx, tx, settingOwner); err != nil || owner != "" {
			return err // another process was faster
		}
		owner = rand.Text()
		return setSetting(ctx, tx, settingOwner, owner)
	})
	return owner, err
}
