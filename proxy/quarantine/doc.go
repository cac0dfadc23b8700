// Package quarantine owns the store of held messages: what is known of each
// in SQLite or PostgreSQL, and their content, sealed, in chunks of which each is
// kept once.
//
//	DIR/quarantine.db           messages, recipients, incidents, chunks, audit trail
//	DIR/incoming/<name>.pack    chunks that are still being written
//	DIR/content/7k/<name>.pack  chunks: the new ones of one message; or objects
//	                            of a bucket, see package packs
//	DIR/quarantine.key          the private key, until it is moved away
//	DIR/quarantine.secret       the secret of the keyed hashes
//
// What is always true:
//
//   - No acknowledged message is lost. Hold returns only after the chunks that
//     are new, their folder and then the rows have reached stable storage, in
//     this order, so that a power cut or kill -9 at any point leaves the
//     message either held and whole, or not there. Where little is new it goes
//     with the rows. A bucket has answered before the rows are committed.
//   - No half-written message is visible. A message exists when its row does,
//     and the row is the last thing to be written and the first to go. What a
//     crash leaves behind is packs without a row, which Sweep removes.
//   - Same bytes. Chunks are never changed; reading content to the end checks
//     its length and its SHA-256, and each chunk its own seal.
//   - A chunk is there as long as a message has it, and no longer. Pieces are
//     the only references, so nothing can be counted wrongly.
//   - Nothing is sent twice by accident. One release of a message is under way
//     at a time, across processes. A release that ends without a result leaves
//     its recipients unknown, and only ForceRelease sends to those again.
//   - Nothing is sent on for want of a decision, and nothing vanishes. What
//     nobody decides is warned of, then refused, and each step is in the audit
//     trail; a legal hold stops it.
//   - Each decision is in the audit trail, in the same transaction that makes
//     it. Entries are chained by hash; Verify finds what was changed later.
//   - Who is named is sealed, and so is content. Addresses, users, clients,
//     parameters, reasons, evidence and the mail itself are stored sealed to a
//     public key. A process without the private one cannot read them, not
//     even what it wrote itself, a quarter of an hour ago and before.
//   - No leak. Errors and audit entries name messages by id, recipients by
//     their place in the envelope, and reviewers; never an address of the
//     mail, and nothing from its content.
//
// # Sealing and keeping once
//
// A chunk is found again by a keyed hash of its plain bytes, and sealed under
// a random key of its own, which is stored sealed in turn. So equal content is
// stored once though nobody can read it, and what a thief learns is this:
//
//   - from the store alone: when each message was held, by which policy, of how
//     many people and kinds of fields, and what became of it; how long it is, and
//     its SHA-256, so that a whole message that the thief has already is known
//     again; how many recipients it has, how long their addresses are all in all,
//     and which messages share one, a sender or chunks;
//   - with quarantine.secret too: whether a chunk, or an address, that the
//     thief can guess to the last byte is in it;
//   - with quarantine.key: everything that is still held.
//
// Deleting a message removes the keys of the chunks that no other message has,
// 60 bytes each, from the database, its free pages and its log; then whatever
// is left of the chunks, in a pack that lives on, on a worn disk or in a copy
// of the folder, is noise. A copy of the database that was made before still
// has them: keep backups no longer than mail.
//
// Several processes may use a store at once: with SQLite, whose write-ahead log
// needs shared memory, those of one machine; with PostgreSQL those of any number
// (see Options.Database). Writers wait for each other, but for those that exclude
// each other by the rows that they write (see writeRows); readers wait for nobody.
//
// In PostgreSQL the keys of what was deleted stay in pages of its tables until it
// vacuums these, and in its log as long as it keeps that.
//
// Migrations are SQL files under migrations, for each database its own, applied
// forward only, all of them in one transaction, under a lock that all who write
// share.
package quarantine
