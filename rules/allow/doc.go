// Package allow is the list of what an administrator has allowed: people who
// are never third parties, tables of a known template, and senders and
// recipients for whom policies do not hold.
//
// What is always true: a value is kept as a keyed hash only (package keyed);
// each entry has a reason, an owner and an end; an entry past its end has no
// effect; a list of another key is an error, never an empty list.
//
// What an entry does:
//   - person: a value of that person, such as an address, belongs to nobody
//     else: who has it is left out of every count, like the readers
//     themselves.
//   - table: the rows below that header, column for column, are not looked at.
//     A table with one column more is another table.
//   - sender, sender-domain: the policies that the entry names do not hold a
//     message with that envelope sender. Who sends can choose it; a recipient
//     says more.
//   - recipient, recipient-domain: likewise, where all of a message's envelope
//     recipients are allowed.
//
// An entry of the last two kinds that names no policy is for every policy but
// those that ask what could not be read: nobody allows what nobody has seen.
package allow
