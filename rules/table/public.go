package table

// public reports whether the header says that the rows are about people who
// are known to all, or about works and matches: a column is named for such a
// role (candidate, player, author), or words of politics, sport and the arts
// prevail by far.
func (r *reading) public(width int) bool {
	other, people := 0, 0
	for j := range width {
		h := r.head.heading(j)
		if h.public {
			return true
		}
		for _, topic := range h.topics {
			switch topic {
			case "public", "sport":
				other++
			case peopleTopic:
				people++
			}
		}
	}
	return other >= 3 && other >= people+2
}
