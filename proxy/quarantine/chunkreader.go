package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sort"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

// storedPart is a chunk as it is kept.
type storedPart struct {
	part
	key   int64  // of secret
	pack  string // "": in the database
	start int64  // of its first byte in the stream
}

const partColumns = `c.seq, c.id, c.size, c.key, c.secret, coalesce(k.name, ''), c.place, c.length
	FROM chunks c LEFT JOIN packs k ON k.seq = c.pack`

func scanPart(scan func(...any) error) (storedPart, error) {
	var p storedPart
	var id []byte
	err := scan(&p.seq, &id, &p.size, &p.key, &p.secret, &p.pack, &p.place, &p.length)
	copy(p.id[:], id)
	return p, err
}

// partsOf gives the chunks of a stream of a message, in order.
func (s *Store) partsOf(ctx context.Context, q querier, message int64, stream int) ([]storedPart, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+partColumns+`
		JOIN pieces p ON c.seq BETWEEN p.first AND p.last
		WHERE p.message = ? AND p.stream = ? ORDER BY p.place, c.seq`, message, stream)
	if err != nil {
		return nil, fmt.Errorf("read chunks: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var all []storedPart
	var at int64
	for rows.Next() {
		p, err := scanPart(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read chunks: %w", err)
		}
		p.start = at
		at += int64(p.size)
		all = append(all, p)
	}
	return all, rows.Err()
}

// chunkReader reads a stream from its chunks, one in memory at a time.
type chunkReader struct {
	ctx   context.Context // of who opened it, since io.Reader passes none
	s     *Store
	parts []storedPart
	size  int64
	at    int64
	now   int          // the chunk in plain, -1: none
	plain []byte       // of it
	from  packs.Reader // the pack in use
	pack  string       // its name
}

func (s *Store) newChunkReader(ctx context.Context, parts []storedPart) *chunkReader {
	r := &chunkReader{ctx: ctx, s: s, parts: parts, now: -1}
	if n := len(parts); n > 0 {
		r.size = parts[n-1].start + int64(parts[n-1].size)
	}
	return r
}

// Read implements io.Reader.
func (r *chunkReader) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	i := sort.Search(len(r.parts), func(i int) bool { return r.parts[i].start > r.at }) - 1
	if i != r.now {
		if err := r.load(i); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.plain[r.at-r.parts[i].start:])
	r.at += int64(n)
	return n, nil
}

// Seek implements io.Seeker.
func (r *chunkReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return r.at, fmt.Errorf("%w: a place before the start", ErrInvalid)
	}
	if offset == 0 {
		r.now = -1 // a new pass reads what is on the disk now
	}
	r.at = offset
	return offset, nil
}

// Close implements io.Closer.
func (r *chunkReader) Close() error {
	if r.from == nil {
		return nil
	}
	from := r.from
	r.from = nil
	return from.Close()
}

// load reads, opens and expands a chunk.
func (r *chunkReader) load(i int) error {
	r.now = -1
	p := &r.parts[i]
	key, err := r.s.unwrap(r.ctx, r.s.reader, p.key)
	if err != nil {
		return err
	}
	secret, err := key.Open(p.secret, p.id.sealedAs())
	if err != nil || len(secret) != len(seal.OnceKey{}) {
		return fmt.Errorf("key of chunk %d: %w", p.seq, errors.Join(ErrDamaged, seal.ErrBroken))
	}
	sealed, err := r.bytesOf(p)
	if err != nil {
		return fmt.Errorf("chunk %d: %w", p.seq, err)
	}
	packed, err := seal.OnceKey(secret).Open(sealed[:0], sealed)
	if err == nil {
		r.plain, err = r.s.codec.decompress(r.plain[:0], packed)
	}
	if err == nil && len(r.plain) != p.size {
		err = fmt.Errorf("%d bytes, %d were held", len(r.plain), p.size)
	}
	if err != nil {
		return fmt.Errorf("chunk %d: %w: %w", p.seq, ErrDamaged, err)
	}
	r.now = i
	return nil
}

// bytesOf reads a chunk as it is stored.
func (r *chunkReader) bytesOf(p *storedPart) ([]byte, error) {
	if p.pack != "" {
		sealed, err := r.fromPack(p)
		if !errors.Is(err, fs.ErrNotExist) {
			return sealed, err
		}
		// The chunk may have been moved to another pack meanwhile.
		now, err := scanPart(r.s.reader.QueryRowContext(r.ctx, "SELECT "+partColumns+" WHERE c.seq = ?", p.seq).Scan)
		if err == nil && now.pack != p.pack {
			p.pack, p.place = now.pack, now.place
			return r.fromPack(p)
		}
		return nil, fmt.Errorf("%w: pack %s is missing", ErrDamaged, p.pack)
	}
	var data []byte
	err := r.s.reader.QueryRowContext(r.ctx, "SELECT data FROM chunks WHERE seq = ?", p.seq).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: it was removed", ErrDamaged)
	}
	return data, err
}

func (r *chunkReader) fromPack(p *storedPart) ([]byte, error) {
	if r.pack != p.pack || r.from == nil {
		if err := r.Close(); err != nil {
			return nil, err
		}
		from, err := r.s.packs.Open(r.ctx, p.pack+packSuffix)
		if err != nil {
			return nil, err
		}
		r.from, r.pack = from, p.pack
	}
	sealed := make([]byte, p.length)
	_, err := r.from.ReadAt(r.ctx, sealed, p.place)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%w: pack %s is cut off", ErrDamaged, p.pack)
	}
	return sealed, err
}

// openEvidence reads evidence that is kept in chunks. It must not be called
// within a transaction, since it needs a connection of its own.
func (s *Store) openEvidence(ctx context.Context, r *row) error {
	if r.Sealed || r.Evidence != nil {
		return nil
	}
	parts, err := s.partsOf(ctx, s.reader, r.seq, streamEvidence)
	if err != nil || len(parts) == 0 {
		return err
	}
	c := s.newChunkReader(ctx, parts)
	r.Evidence, err = io.ReadAll(c)
	if err := errors.Join(err, c.Close()); err != nil {
		return fmt.Errorf("evidence of %s: %w", r.ID, err)
	}
	return nil
}
