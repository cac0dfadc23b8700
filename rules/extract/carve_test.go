package extract

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
)

// FuzzWordsAlone: a line that the first look takes for words is one in which
// the whole of the search would find nothing, nor look further.
func FuzzWordsAlone(f *testing.F) {
	for _, line := range []string{
		"Words and more words, with a number 12 and a comma.\n", "begin 644 a\nM86)C\n", "ab cd ef 01 02 03 04 05 06 07\n", "xA, x1, x2, x3\n",
		"A1 b2 c3 d4 e5 f6\n", "be fe 0a 0b 0c 0d\n", "Some More Word Four Five Sixx Sevn Eigt\n", "QUFB QUFB QUFB QUFB QUFB\n", "M86)C8F%S9\n",
		"2024-05-01T10:00:00Z INFO some words\n", "2024 05 01 words\n", "0012 ab cd\n", "00: 0a 0b\n", "1, 2, three\n",
		"U29tZSB3b3JkcyBhbmQgbW9yZSB3b3Jkcywgd2l0aCBhIG51bWJlcg==\n", "> quoted text\n", "We: 1, 2, 3\n", "\r\n1, 2, 3\r\n", "\r\n 1, 2, 3\r\n", "\n\n: 1, 2, 3\n", "\n\n   M86)C8F%S9\n",
		"A-10000,Bracket no. 1,5 mm,red,12,3.00\n", "a,b,c,d\n", "A-10000,Bracket,red,12,3.00,and,more,and,more,and,more\n", "ae-01,02,03,04,05\n",
		"87cURD_*#MCghU%Ec6)<A,Ebo80K4VP0H`%^0H`%^!!$?d9jqo\n", "4000000,aabbott1000,Alice\n", "AAAAAAAAAAAAAAAAAAA,AAAAAAAAAAAAA\n",
		"Ae x: 10 20 30 40 50 60 70\n",
	} {
		f.Add([]byte(strings.Repeat(line, 1+300/len(line))))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) < wrapLook || !wordsAlone(text[:wrapLook]) {
			return
		}
		c := carver{br: bufio.NewReaderSize(bytes.NewReader(text), bufferSize)}
		if c.starts(text[0]) || c.tries != 0 || c.dull != 0 {
			t.Errorf("%q has content of kind %d, after %d tries", text, c.found, c.tries)
		}
	})
}
