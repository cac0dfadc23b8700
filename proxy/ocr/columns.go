package ocr

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// word is one word and where it stands in the picture, in pixels.
type word struct {
	left, right, height int
	text                string
}

// readWords reads tesseract's TSV: one word a line with its box, each line of
// the picture numbered by block, paragraph and line.
func readWords(tsv []byte) (lines [][]word) {
	last := ""
	for row := range bytes.Lines(tsv) {
		f := strings.Split(strings.TrimRight(string(row), "\r\n"), "\t")
		const level, block, paragraph, line, left, width, height, text = 0, 2, 3, 4, 6, 8, 9, 11
		if len(f) <= text || f[level] != "5" || strings.TrimSpace(f[text]) == "" {
			continue
		}
		x, errX := strconv.Atoi(f[left])
		w, errW := strconv.Atoi(f[width])
		h, errH := strconv.Atoi(f[height])
		if errX != nil || errW != nil || errH != nil {
			continue
		}
		if at := f[block] + "." + f[paragraph] + "." + f[line]; at != last {
			lines, last = append(lines, nil), at
		}
		n := len(lines) - 1
		lines[n] = append(lines[n], word{x, x + w, h, f[text]})
	}
	return lines
}

// minLines is how many lines make columns; fewer stand apart by chance.
const minLines = 4

// layOut writes the lines as text, with a tab where a column ends: a strip of
// the picture that hardly any line has ink in.
func layOut(lines [][]word) []byte {
	gaps := strips(lines)
	var out bytes.Buffer
	for _, line := range lines {
		column := 0
		for i, w := range line {
			at := column
			for at < len(gaps) && w.left >= gaps[at] {
				at++
			}
			switch {
			case at > column:
				out.WriteString(strings.Repeat("\t", at-column))
			case i > 0:
				out.WriteByte(' ')
			}
			column = at
			out.WriteString(w.text)
		}
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// strips returns the left edges of the columns but the first: where an empty
// strip ends, from the left.
func strips(lines [][]word) []int {
	if len(lines) < minLines {
		return nil
	}
	right, heights := 0, []int(nil)
	for _, line := range lines {
		for _, w := range line {
			right = max(right, w.right)
			heights = append(heights, w.height)
		}
	}
	if right <= 0 || right > maxWidth {
		return nil
	}
	slices.Sort(heights)
	ink := make([]int, right+1) // lines with ink at each x
	for _, line := range lines {
		reached := 0
		for _, w := range line {
			for x := max(w.left, reached); x < w.right; x++ {
				ink[x]++
			}
			reached = max(reached, w.right)
		}
	}
	narrowest := max(heights[len(heights)/2]*3/5, 3)
	few := len(lines) / 20
	var edges []int
	empty := 0
	begun := false // the first column's ink has been seen
	for x, n := range ink {
		switch {
		case n <= few && begun:
			empty++
		case n > few:
			if begun && empty >= narrowest {
				edges = append(edges, x-empty/2)
			}
			begun, empty = true, 0
		}
	}
	return edges
}

// maxWidth bounds the pictures whose columns are looked for, in pixels.
const maxWidth = 1 << 16
