package run

import (
	"time"

	"github.com/axiomhq/hyperloglog"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// windowPieces is how many pieces a window is kept in: it slides by one of them.
const windowPieces = 8

// maxRecount is up to how many people a content is counted anew for each of its
// copies' readers. Beyond it one reader in a hundred more or less is about the
// sketch's error.
const maxRecount = 1000

// drip counts the distinct third-party people whom a sender's messages have
// carried out over a window, by HyperLogLog.
type drip struct {
	pieces [windowPieces]*hyperloglog.Sketch
	all    *hyperloglog.Sketch // of the pieces
	piece  int64               // the number of the last piece since the epoch

	// The last question and its answer: the copies of one content ask the same.
	asked, left rules.Key
	leftOut     int
	answer      int64
}

// turn moves the window on to now.
func (d *drip) turn(now time.Time, window time.Duration) {
	piece := now.UnixNano() / max(int64(window)/windowPieces, 1)
	if piece == d.piece {
		return
	}
	for n := d.piece + 1; n <= piece && n <= d.piece+windowPieces; n++ {
		d.pieces[n%windowPieces] = nil
	}
	d.piece, d.all, d.asked = piece, nil, 0
	for _, p := range d.pieces {
		if p != nil {
			if d.all == nil {
				d.all = hyperloglog.New14()
			}
			_ = d.all.Merge(p) // of one precision: it cannot fail
		}
	}
}

// count returns how many people the window has, with those of a message.
func (d *drip) count(s *rules.Subjects) int64 {
	if d.all == nil {
		return s.Count()
	}
	if s.Content == 0 {
		return int64(d.all.Estimate())
	}
	left := rules.Key(0)
	for _, k := range s.Left {
		left += k
	}
	near := s.Found() >= maxRecount && 100*max(len(s.Left)-d.leftOut, d.leftOut-len(s.Left)) <= s.Found()
	if d.asked != s.Content || d.left != left && !near {
		with := d.all.Clone()
		s.Each(func(k rules.Key) { with.InsertHash(spread(k)) })
		d.asked, d.left, d.leftOut, d.answer = s.Content, left, len(s.Left), int64(with.Estimate())
	}
	return d.answer
}

// add takes the people of a message that has left.
func (d *drip) add(s *rules.Subjects) {
	if s.Count() == 0 {
		return
	}
	at := &d.pieces[d.piece%windowPieces]
	if *at == nil {
		*at = hyperloglog.New14()
	}
	if d.all == nil {
		d.all = hyperloglog.New14()
	}
	s.Each(func(k rules.Key) {
		(*at).InsertHash(spread(k))
		d.all.InsertHash(spread(k))
	})
	d.asked = 0
}
