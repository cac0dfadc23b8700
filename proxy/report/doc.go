// Package report owns the breach record of an incident: what a data protection
// officer needs for a notification under Article 33 of the General Data
// Protection Regulation (EU) 2016/679, and for the register that its paragraph
// 5 asks for, as HTML, PDF and JSON; and the two lists that go with it, of the
// people affected and of those who received their data.
//
// What is always true:
//
//   - The record holds counts, kinds, times and masked cells; no value of a
//     person's. The address of the sending mailbox is in it if the caller
//     gives it.
//   - The three forms say the same: HTML and PDF are drawn from one document,
//     which is made from the record that is the JSON.
//   - What is not known is called so. Whether anything left is judged by what
//     the upstream took, never by what was decided.
//   - The lists are written encrypted to a named key, and never in clear.
//   - The same incident gives the same bytes, but for the encryption.
package report
