// Package quarantine owns the store of held messages: what is known of each
// in SQLite, its content in a file of its own.
//
//	DIR/quarantine.db           messages, recipients, incidents, audit trail
//	DIR/incoming/<id>.eml       content that is still being written
//	DIR/content/7k/<id>.eml     content of a held message
//	DIR/quarantine.key          the private key, until it is moved away
//	DIR/quarantine.secret       the secret of the keyed hashes
//
// What is always true:
//
//   - No acknowledged message is lost. Hold returns only after the content,
//     its folder and then the row have reached stable storage, in this order,
//     so that a power cut or kill -9 at any point leaves the message either
//     held and whole, or not there.
//   - No half-written message is visible. A message exists when its row does,
//     and the row is the last thing to be written and the first to go. What a
//     crash leaves behind is content without a row, which Sweep removes.
//   - Same bytes. Content is never rewritten; reading it to the end checks its
//     length and its SHA-256.
//   - Nothing is sent twice by accident. One release of a message is under way
//     at a time, across processes. A release that ends without a result leaves
//     its recipients unknown, and only ForceRelease sends to those again.
//   - Each decision is in the audit trail, in the same transaction that makes
//     it. Entries are chained by hash; Verify finds what was changed later.
//   - Who is named is sealed. Addresses, users, clients, parameters, reasons
//     and evidence are stored sealed to a public key, and a process without the
//     private one cannot read them, not even what it wrote itself. Beside them
//     stand keyed hashes of addresses and domains, which tell whoever has the
//     secret whether one that they guess is there. See sealer.go.
//   - No leak. Errors and audit entries name messages by id, recipients by
//     their place in the envelope, and reviewers; never an address of the
//     mail, and nothing from its content.
//
// Several processes may use a store at once, as long as they share one
// machine: SQLite's write-ahead log needs shared memory. Writers wait for each
// other; readers wait for nobody.
//
// Migrations are SQL files under migrations, applied forward only, all of
// them in one transaction, under SQLite's own lock.
package quarantine
