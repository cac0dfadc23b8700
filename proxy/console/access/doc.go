// Package access tells who asks, and what they may: local accounts, sessions,
// API tokens, OpenID Connect and a trusted proxy's header give a [Person], whose
// [Role] gives rights. Every route of the console and of the API names the
// [Right] that it asks for.
//
// What is always true: nobody is a person by default; no password, token or
// cookie is stored, only hashes; a change of an account ends its sessions; what
// is wrong with a log-in is not told to who tries.
package access
