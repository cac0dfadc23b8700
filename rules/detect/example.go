package detect

// Example reports values that documents and tests use.
func Example(t Type, value []byte) bool { return false }
