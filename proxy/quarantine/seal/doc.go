// Package seal owns the cryptography of the quarantine: who can read what the
// relay has written, and what can be found without reading.
//
// A relay has a [Recipient], the public half of an X25519 key in the format of
// age (https://age-encryption.org/v1). From it the relay makes a [Key] at random
// and the key's wrapped form, which is stored; with the key it seals records
// for some minutes and then forgets it. Whoever has the [Identity], the private
// half, unwraps the key and opens the records; the relay itself cannot, once
// it has forgotten the key.
//
//	key, wrapped, err := seal.NewKey(recipient)     // once in a while: 0.2 ms
//	sealed := key.Seal(plain, "message BH-…")       // each record: microseconds
//
//	key, err := identity.Unwrap(wrapped)
//	plain, err := key.Open(sealed, "message BH-…")
//
// The second argument names what the record is; a record that is put in
// another's place does not open. It is not stored.
//
// What has to be destroyed apart from the rest gets a [OnceKey] of its own,
// which is stored sealed: when these 60 bytes are gone, so is the content, on
// whatever medium its bytes are left.
//
// An [Index] finds what nobody can read: a keyed hash of a value, the same for
// equal values. Whoever has both the store and the secret of the index can
// tell whether a value that they guess is in it, and whether two are equal;
// no more. With the store alone nothing can be told but equality.
//
// Nothing here reads files or the clock. All randomness is crypto/rand's.
package seal
