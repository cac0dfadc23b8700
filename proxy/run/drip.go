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
	pieces [windowPieces]*piece
	all    *hyperloglog.Sketch // of the pieces
	piece  int64               // the number of the last piece since the epoch
	tells  bool                // other relays may want to know

	// The last question and its answer: the copies of one content ask the same.
	asked, left rules.Key
	leftOut     int
	answer      int64
}

// piece is an eighth of the window. Other relays are told of up to maxExact of its
// people: beyond that each counts what it has had itself.
type piece struct {
	people   *hyperloglog.Sketch
	contents contents
	fresh    []rules.Key // that other relays are still to be told of
	noted    int         // that they were told of, or are to be
}

func newPiece() *piece { return &piece{people: hyperloglog.New14(), contents: contents{}} }

// turn moves the window on to now.
func (d *drip) turn(now time.Time, window time.Duration) {
	piece := now.UnixNano() / max(int64(window)/windowPieces, 1)
	if piece == d.piece || piece == d.piece-1 { // of a message that has waited for others
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
			_ = d.all.Merge(p.people) // of one precision: it cannot fail
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
	p := d.at(d.piece)
	p.contents.each(s, func(k rules.Key) {
		p.people.InsertHash(spread(k))
		d.all.InsertHash(spread(k))
		if d.tells && p.noted < maxExact {
			p.noted++
			p.fresh = append(p.fresh, k)
		}
	})
	d.asked = 0
}

// learn takes people whom messages through other relays have carried out.
func (d *drip) learn(number int64, people []rules.Key) {
	if number == d.piece+1 {
		number-- // of a clock that is a little ahead
	}
	if number > d.piece || number <= d.piece-windowPieces {
		return // over, or of a clock that is far ahead
	}
	p := d.at(number)
	for _, k := range people {
		p.people.InsertHash(spread(k))
		d.all.InsertHash(spread(k))
	}
	d.asked = 0
}

func (d *drip) at(number int64) *piece {
	at := &d.pieces[number%windowPieces]
	if *at == nil {
		*at = newPiece()
	}
	if d.all == nil {
		d.all = hyperloglog.New14()
	}
	return *at
}

// news takes what other relays are still to be told of.
func (d *drip) news(of Owner, at time.Time) (all []Keys) {
	for n := max(0, d.piece-windowPieces+1); n <= d.piece; n++ {
		if p := d.pieces[n%windowPieces]; p != nil && len(p.fresh) > 0 {
			all = append(all, Keys{Of: of, At: at, Piece: n, People: p.fresh})
			p.fresh = nil
		}
	}
	return all
}
