package extract

import "bytes"

// isSealed tells containers of other programs that need a key: nothing in
// them can be read.
func isSealed(h []byte) bool {
	for _, magic := range []string{
		"Salted__",                           // openssl enc
		"age-encryption.org/",                // age
		"-----BEGIN AGE ENCRYPTED FILE-----", // age, armoured
		"$ANSIBLE_VAULT;",                    // ansible-vault
		"LUKS\xba\xbe",                       // disk images
		"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5",   // KeePass 2
		"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5",   // KeePass 1
		"AES\x01", "AES\x02", "AES\x00",      // AES Crypt
		"\xc0\xb9\x07\x2e\x4f\x93\xf1\x46\xa0", // AxCrypt
		"encrcdsa",                             // encrypted disk image of macOS
	} {
		if !bytes.HasPrefix(h, []byte(magic)) {
			continue
		}
		switch magic {
		case "age-encryption.org/": // its header is text: who may open it comes first
			return bytes.Contains(h[:min(len(h), 64)], []byte("\n-> "))
		case "-----BEGIN AGE ENCRYPTED FILE-----", "$ANSIBLE_VAULT;":
			return true
		}
		return !textBehind(h, len(magic))
	}
	return len(h) > 11 && string(h[3:11]) == "-FVE-FS-" // BitLocker
}
