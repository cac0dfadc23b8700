// Package search reads what people type to find incidents and held messages:
//
//	state:open people:>=100 -policy:unread
//	(from:@shop.example OR from:@mail.example) age:<4h
//
// A space means and, OR means or, a minus means not; brackets group, quotes
// take a value with spaces. A comma between values means any of them. What
// cannot be searched by is an error that says what can, never an empty list.
//
// Parsing is pure: an expression knows no store and no clock.
package search
