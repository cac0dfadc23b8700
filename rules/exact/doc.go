// Package exact is the index of the owner's own records: which keyed hash
// stands in which record. With it a hit is certain, whatever the format, and
// customers are found in running text.
//
// An index is a file of three regions: a header (JSON, padded to headerSize
// bytes), a table of where each bucket begins, and the entries, eight bytes
// each, sorted by hash. The leading bits of a value's hash pick the bucket,
// the next 32 stand in the entry beside the number of the record and the
// column. A value of many records, such as a common name, has its first
// records and their true number.
//
// What is always true:
//   - No value and no key is in the file, only keyed hashes (package keyed),
//     cut to at most 61 bits.
//   - Open accepts a file that is whole: sizes, order and checksums agree. No
//     file, however damaged, makes it or a look-up read out of bounds.
//   - A wrong key is an error, never a miss.
//   - One field that agrees is no match. Two must agree on one record, and be
//     rare enough together (see rarity.go) that chance does not explain it.
//   - Building takes memory that does not grow with the number of records, but
//     for four bytes in a million.
package exact
