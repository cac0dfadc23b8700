// Package similar fingerprints content, so that the copies of one mailing can
// be told from other mail though each has its own name, number and greeting.
//
// A text is cut into words. What is personal in a mailing is masked: words
// with a digit or an at sign, and words that begin with a capital, which are
// the names of people, places and products; masked neighbours count as one, so
// that an address of four words is the same as one of six. Three words in a
// row are a shingle. A sketch holds the smallest hashes of a text's shingles
// (MinHash: Broder 1997, "On the resemblance and containment of documents"; in
// bins: Li, Owen and Zhang 2012, "One permutation hashing"), from which the
// share of shingles that two texts have in common is estimated. Sketches of
// parts merge into the sketch of the whole.
//
// What is always true:
//   - A sketch depends on the text alone, not on how it was cut into writes.
//   - It holds hashes only, of shingles without a digit, an address or a word
//     with a capital.
//   - A long text is not read whole: its beginning and its end are, and between
//     them the lines that their first bytes choose, the same in every copy.
package similar
