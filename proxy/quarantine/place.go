package quarantine

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

const (
	settingOwner = "owner" // a random word that tells this quarantine from others
	settingPlace = "place" // where content is, if not in the folder
)

// openPacks opens where content is, and refuses another place than the one that
// it is in already.
func (s *Store) openPacks(ctx context.Context) error {
	folder := packs.NewFolder(s.opts.disk, s.dir)
	s.packs = folder
	if s.opts.Packs != nil {
		owner, err := s.owner(ctx)
		if err != nil {
			return err
		}
		if s.packs, err = s.opts.Packs(owner); err != nil {
			return err
		}
	}
	noted, err := s.place(ctx, s.reader, folder)
	if err != nil || noted == s.packs.Where() {
		return err // nil is the usual case, without waiting for writers
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		noted, err := s.place(ctx, tx, folder)
		if err != nil {
			return err
		}
		var n int
		err = tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM packs WHERE live >= 0)
			+ (SELECT count(*) FROM messages WHERE plain = 1 AND stored = 1)`).Scan(&n)
		if err != nil {
			return fmt.Errorf("look for content: %w", err)
		}
		if n > 0 && noted != s.packs.Where() {
			return fmt.Errorf("content of this quarantine is in %q and would not be found in %q: go back to the first, or change "+
				"the place once all that is held there is decided and removed", noted, s.packs.Where())
		}
		return setSetting(ctx, tx, settingPlace, s.packs.Where())
	})
}

func (s *Store) place(ctx context.Context, q querier, folder *packs.Folder) (string, error) {
	noted, err := setting(ctx, q, settingPlace)
	if noted == "" {
		noted = folder.Where() // so it was before there was another place
	}
	return noted, err
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
