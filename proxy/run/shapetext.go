package run

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// shapeText is a shape as the ledger keeps it, in JSON: what is zero is left out.
type shapeText struct {
	At       time.Time                  `json:"at"`
	Messages float64                    `json:"messages"`
	Subjects map[int]float64            `json:"subjects"` // by bits
	Bytes    map[int]float64            `json:"bytes"`
	Kinds    map[extract.Format]float64 `json:"kinds"`
}

// text writes a shape for the ledger.
func (s *shape) text() []byte {
	text, _ := json.Marshal(&shapeText{ // numbers and names only: it cannot fail
		At: s.at, Messages: s.messages, Subjects: sparse(&s.subjects), Bytes: sparse(&s.bytes), Kinds: s.kinds,
	})
	return text
}

// readShape reads what text wrote.
func readShape(text []byte) (s shape, err error) {
	var t shapeText
	if err := json.Unmarshal(text, &t); err != nil {
		return shape{}, fmt.Errorf("what a sender usually sends: %w", err)
	}
	s = shape{at: t.At, messages: t.Messages, kinds: maps.Clone(t.Kinds)}
	for of, kept := range map[*[64]float64]map[int]float64{&s.subjects: t.Subjects, &s.bytes: t.Bytes} {
		for i, n := range kept {
			if i < 0 || i >= len(of) {
				return shape{}, fmt.Errorf("what a sender usually sends: a number has no %d bits", i)
			}
			of[i] = n
		}
	}
	return s, nil
}

func sparse(counts *[64]float64) map[int]float64 {
	kept := map[int]float64{}
	for i, n := range counts {
		if n > 0 {
			kept[i] = n
		}
	}
	return kept
}
