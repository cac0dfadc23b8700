// Package review owns decisions about held mail: one decision for all copies of
// an incident, and the sending of what is released. The command line and the
// console decide through it.
//
// What is always true:
//
//   - What is decided is what was seen. A release names the token of the copies
//     that were reviewed, and is refused when others have arrived since. It
//     covers these copies and their recipients, and no later ones. The second
//     person's token names what was asked for as well.
//   - Where the people exposed are many, two different persons release.
//   - A decision is noted before it is carried out, message by message, and can
//     be taken up again by any process after a crash: what was done is not done
//     again.
//   - Nobody gets the same run twice without being asked for: whoever had a copy
//     already, by the ledger or by this decision, is left out and told so; so is
//     who may have had one, whose other copies are then unknown, too. The newest
//     copy for an address is the one that is sent.
//   - Each message has its own lease and its own results, as the store keeps
//     them. What is not known is called unknown, and sent again only by force.
package review
