// Package chunk cuts content where the content says so, so that what is equal
// in two messages is cut into equal chunks, wherever it stands in each.
//
// The cuts are FastCDC's (Xia et al., USENIX ATC 2016, by
// github.com/PlakarKorp/go-cdc-chunkers): chunks of 2 to 64 KiB, 9 on average.
// Copies of a mailing differ in their heads, in the delimiters between their
// parts (RFC 2046, section 5.1.1), and around the beginnings and ends of their
// parts, where people are greeted and may unsubscribe. So there are cuts at
// these borders, too, and within 4 KiB of one the chunks are of 1 to 8 KiB: a
// name in a greeting then costs a chunk of some 2 KiB.
//
// Where the content says to cut depends on a key, so that the lengths of
// chunks on disk do not give away which known file was kept.
package chunk
