package exact

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
)

// raw is an entry before it is cut to the file's form.
type raw struct {
	hash uint64
	post post
}

func appendRaw(dst []byte, hash uint64, p post) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint64(dst, hash), uint32(p))
}

// Finish sorts what the writers took into out, and returns what the index says
// of itself. Workers is how many partitions are sorted at the same time; done,
// which may be nil, is told how many of 256 are behind. The header is written
// last: a file that was not finished is none.
func (b *Builder) Finish(ctx context.Context, out io.WriterAt, built time.Time, workers int, done func(int)) (Info, error) {
	if b.writers != 0 {
		return Info{}, fmt.Errorf("%d writers are not closed", b.writers)
	}
	h := b.header(built)
	f := &fileWriter{header: &h}
	f.buckets = region{out: out, at: headerSize}
	f.entries = region{out: out, at: h.entriesAt()}
	err := b.eachSorted(ctx, h.BucketBits, workers, func(p int, s *sorted) error {
		if done != nil {
			done(p)
		}
		return f.add(s)
	})
	if err != nil {
		return Info{}, err
	}
	if err := f.finish(); err != nil {
		return Info{}, err
	}
	block, err := h.encode()
	if err != nil {
		return Info{}, err
	}
	if _, err := out.WriteAt(block, 0); err != nil {
		return Info{}, fmt.Errorf("write the header: %w", err)
	}
	return h.Info, nil
}

// eachSorted sorts the partitions, several at the same time, and gives them to
// visit in their order.
func (b *Builder) eachSorted(ctx context.Context, bucketBits, workers int, visit func(int, *sorted) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	results := make([]chan *sorted, partitions)
	for p := range results {
		results[p] = make(chan *sorted, 1)
	}
	slots := make(chan struct{}, max(workers, 1))
	wg.Go(func() {
		for p := range partitions {
			select {
			case slots <- struct{}{}: // taken back once the partition was visited
			case <-ctx.Done():
				return
			}
			wg.Go(func() {
				s, err := b.sort(p, bucketBits)
				if err != nil {
					cancel(err)
					return
				}
				results[p] <- s
			})
		}
	})
	for p := range partitions {
		select {
		case s := <-results[p]:
			if err := visit(p, s); err != nil {
				return err
			}
			<-slots
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// sorted is a partition in the file's form.
type sorted struct {
	buckets []uint32 // how many entries each bucket has
	entries []byte
	common  int64
}

// sort reads and sorts one partition.
func (b *Builder) sort(partition, bucketBits int) (*sorted, error) {
	n := 0
	for _, blk := range b.blocks[partition] {
		n += blk.n
	}
	all := make([]raw, 0, n)
	buf := make([]byte, blockEntries*rawSize)
	for _, blk := range b.blocks[partition] {
		piece := buf[:blk.n*rawSize]
		if _, err := b.scratch.ReadAt(piece, blk.at); err != nil && err != io.EOF {
			return nil, fmt.Errorf("read scratch space: %w", err)
		}
		for ; len(piece) > 0; piece = piece[rawSize:] {
			// The bits that the file does not have play no part in the order.
			hash := binary.LittleEndian.Uint64(piece) >> (32 - bucketBits) << (32 - bucketBits)
			all = append(all, raw{hash, post(binary.LittleEndian.Uint32(piece[8:]))})
		}
	}
	slices.SortFunc(all, func(a, b raw) int {
		if c := cmp.Compare(a.hash, b.hash); c != 0 {
			return c
		}
		return cmp.Compare(a.post, b.post)
	})
	s := &sorted{buckets: make([]uint32, 1<<(bucketBits-partitionBits)), entries: make([]byte, 0, len(all)*entrySize)}
	for len(all) > 0 {
		run := 1
		for run < len(all) && all[run].hash == all[0].hash {
			run++
		}
		s.add(all[:run], bucketBits)
		all = all[run:]
	}
	return s, nil
}

// add takes all entries of one hash.
func (s *sorted) add(run []raw, bucketBits int) {
	run = slices.Compact(run) // one record may have a value twice
	count := len(run)
	if count > maxPosts {
		run = run[:maxPosts]
		s.common++
	}
	bucket := &s.buckets[run[0].hash>>(64-bucketBits)&uint64(len(s.buckets)-1)]
	put := func(p post) {
		s.entries = binary.LittleEndian.AppendUint32(s.entries, uint32(run[0].hash<<bucketBits>>32))
		s.entries = binary.LittleEndian.AppendUint32(s.entries, uint32(p))
		*bucket++
	}
	for _, r := range run {
		put(r.post)
	}
	if count > maxPosts {
		put(newPost(uint32(min(count, MaxRecords)), countColumn))
	}
}

// fileWriter writes the regions of a file.
type fileWriter struct {
	header           *header
	buckets, entries region
	next             uint32 // entry
}

func (f *fileWriter) add(s *sorted) error {
	for _, n := range s.buckets {
		f.buckets.putUint32(f.next)
		f.next += n
	}
	f.header.Common += s.common
	if err := f.buckets.flush(); err != nil {
		return err
	}
	return f.entries.write(s.entries)
}

// finish writes the end of the buckets and sets what the header says of them.
func (f *fileWriter) finish() error {
	h := f.header
	f.buckets.putUint32(f.next)
	if err := f.buckets.flush(); err != nil {
		return err
	}
	h.BucketsSum, h.EntriesSum = f.buckets.sum.Sum64(), f.entries.sum.Sum64()
	// Zeros up to the entries; they are written so that the file has its size
	// even without entries.
	if err := f.buckets.pad(h.entriesAt()); err != nil {
		return err
	}
	h.Values = int64(f.next)
	return nil
}

// region is a part of a file that is written from its beginning.
type region struct {
	out io.WriterAt
	at  int64
	sum xxhash.Digest
	buf []byte
	new bool
}

func (r *region) putUint32(n uint32) { r.buf = binary.LittleEndian.AppendUint32(r.buf, n) }

func (r *region) flush() error {
	err := r.write(r.buf)
	r.buf = r.buf[:0]
	return err
}

func (r *region) write(p []byte) error {
	if !r.new {
		r.sum.Reset()
		r.new = true
	}
	r.sum.Write(p)
	return r.put(p)
}

func (r *region) put(p []byte) error {
	if _, err := r.out.WriteAt(p, r.at); err != nil {
		return fmt.Errorf("write the index: %w", err)
	}
	r.at += int64(len(p))
	return nil
}

// pad writes zeros up to an offset of the file.
func (r *region) pad(to int64) error { return r.put(make([]byte, to-r.at)) }
