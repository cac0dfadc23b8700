package quarantine

import (
	"context"
	"database/sql"
	"fmt"
)

// Outcomes of a reload, as Detail.Action has them.
const (
	ReloadTaken   = "taken"
	ReloadRefused = "refused" // some file was not valid, and is not in use
)

// RecordReload notes that somebody had the configuration read again, what came of
// it, and the version that is in force since.
func (s *Store) RecordReload(ctx context.Context, by, outcome, version string) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		return s.append(ctx, tx, Entry{Act: ActReloaded, By: by, Detail: Detail{Action: outcome, PolicyVersion: version}})
	})
	if err != nil {
		return fmt.Errorf("record a reload: %w", err)
	}
	return nil
}
