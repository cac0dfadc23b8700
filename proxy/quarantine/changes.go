package quarantine

import (
	"context"
	"fmt"
	"strconv"
)

// Change stands for a state of what lists and the overview show. Another one
// means that something of it has changed, by whatever process; the entries of
// the audit trail after Audit tell what.
type Change struct {
	Audit  int64 // number of the last entry: each hold, decision and claim has one
	Ledger int64 // number of the last message that was judged
}

// String gives the change as a token.
func (c Change) String() string {
	return strconv.FormatInt(c.Audit, 10) + "-" + strconv.FormatInt(c.Ledger, 10)
}

const changeSQL = "SELECT coalesce((SELECT max(seq) FROM audit), 0), coalesce((SELECT max(seq) FROM exposures), 0)"

// Changes gives the change of now. It costs two looks at the ends of tables, so
// it may be asked for each second.
func (s *Store) Changes(ctx context.Context) (c Change, err error) {
	if err := s.reader.QueryRowContext(ctx, changeSQL).Scan(&c.Audit, &c.Ledger); err != nil {
		return Change{}, fmt.Errorf("changes: %w", err)
	}
	return c, nil
}
