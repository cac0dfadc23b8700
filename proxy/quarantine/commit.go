package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The rows of chunks, and of what messages consist of.

// errChunksGone: chunks that were there when the content was read are not any
// more. The client, answered 4xx, brings the message again.
var errChunksGone = errors.New("content that this message shares with another was deleted meanwhile")

// commit writes the rows of the chunks and of what m, the message's row,
// consists of. used tells whether the pack is needed after all: others may
// have stored the same meanwhile.
func (in *intake) commit(ctx context.Context, tx *sql.Tx, m int64) (used bool, err error) {
	if used, err = in.commitChunks(ctx, tx); err != nil {
		return false, fmt.Errorf("insert chunks: %w", err)
	}
	for stream, order := range in.order {
		for place, r := range in.ranges(order) {
			if err := checkRange(ctx, tx, r); err != nil {
				return false, err
			}
			_, err := tx.ExecContext(ctx, "INSERT INTO pieces (message, stream, place, first, last) VALUES (?, ?, ?, ?, ?)",
				m, stream, place, r.first, r.last)
			if err != nil {
				return false, fmt.Errorf("insert pieces: %w", err)
			}
		}
	}
	return used, nil
}

func (in *intake) commitChunks(ctx context.Context, tx *sql.Tx) (used bool, err error) {
	missing, err := in.missing(ctx, tx)
	if err != nil || len(missing) == 0 {
		return false, err
	}
	var packSeq sql.NullInt64
	bytesOf := func(p *part) []byte { return in.buf[p.place : p.place+int64(p.length)] }
	switch {
	case in.pack.w == nil:
	case in.allFirst(missing):
		// Others have stored all else since the pack was finished. What is a
		// copy's own is at its head.
		bytesOf = func(p *part) []byte { return in.first[p.place : p.place+int64(p.length)] }
	default:
		// However little of it is needed by now: Sweep writes it anew then.
		if packSeq.Int64, err = in.s.insertPack(ctx, tx, in.pack); err != nil {
			return false, err
		}
		packSeq.Valid = true
		bytesOf = func(*part) []byte { return nil }
	}
	for some := range slices.Chunk(missing, rowsAtOnce) {
		var values []any
		for _, p := range some {
			values = append(values, p.id[:], p.size, in.key.seq, p.secret, packSeq, p.place, p.length, bytesOf(p))
		}
		if err := insertChunks(ctx, tx, some, values); err != nil {
			return false, err
		}
	}
	return packSeq.Valid, nil
}

// insertChunks inserts the rows of some chunks, which are numbered one after the
// other, and notes their numbers.
func insertChunks(ctx context.Context, tx *sql.Tx, some []*part, values []any) error {
	const row = "(?, ?, ?, ?, ?, ?, ?, ?)"
	rows, err := tx.QueryContext(ctx, "INSERT INTO chunks (id, size, key, secret, pack, place, length, data) VALUES "+
		row+strings.Repeat(", "+row, len(some)-1)+" RETURNING seq, id", values...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	byID := make(map[chunkID]*part, len(some))
	for _, p := range some {
		byID[p.id] = p
	}
	for rows.Next() {
		var seq int64
		var id []byte
		if err := rows.Scan(&seq, &id); err != nil {
			return err
		}
		byID[chunkID(id)].seq = seq
	}
	return rows.Err()
}

// missing gives the new chunks that still are: the first copies of a run come
// at once, and one of them stores what all bring.
func (in *intake) missing(ctx context.Context, q querier) (missing []*part, err error) {
	newest, err := newestChunk(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range in.parts {
		p := &in.parts[i]
		if p.seq != 0 {
			continue
		}
		if newest != in.newest {
			err := q.QueryRowContext(ctx, "SELECT seq FROM chunks WHERE id = ?", p.id[:]).Scan(&p.seq)
			if err == nil {
				continue
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return nil, err
			}
		}
		missing = append(missing, p)
	}
	in.newest = newest // chunks are numbered as they come: what was looked at need not be again
	return missing, nil
}

// newestChunk gives the number of the chunk that was stored last, 0 for none.
func newestChunk(ctx context.Context, q querier) (seq int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM chunks").Scan(&seq)
	return seq, err
}

// allFirst reports whether chunks are all among those before there was a pack.
func (in *intake) allFirst(missing []*part) bool {
	return !slices.ContainsFunc(missing, func(p *part) bool { return p.place+int64(p.length) > int64(len(in.first)) })
}

// done remembers what is committed, for the next copy.
func (in *intake) done() { in.s.known.add(in.parts, in.removed) }

// chunkRange are chunks that were stored one after the other.
type chunkRange struct{ first, last int64 }

// maxRange bounds how many chunks a piece covers, so that who looks for the
// pieces of a chunk need not look far.
const maxRange = 256

// ranges gives a stream's chunks as ranges: a copy of a large message is a
// handful.
func (in *intake) ranges(order []int) []chunkRange {
	var all []chunkRange
	for _, at := range order {
		seq := in.parts[at].seq
		if n := len(all); n > 0 && all[n-1].last+1 == seq && seq-all[n-1].first < maxRange {
			all[n-1].last = seq
			continue
		}
		all = append(all, chunkRange{seq, seq})
	}
	return all
}

// checkRange makes sure that chunks are there, under the write lock, which
// who deletes them has too.
func checkRange(ctx context.Context, tx *sql.Tx, r chunkRange) error {
	var n int64
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM chunks WHERE seq BETWEEN ? AND ?", r.first, r.last).Scan(&n); err != nil {
		return fmt.Errorf("look for chunks: %w", err)
	}
	if n != r.last-r.first+1 {
		return errChunksGone
	}
	return nil
}
