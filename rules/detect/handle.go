package detect

const handleOdds = 3

// isHandle reports the name part of a social handle.
func isHandle(name []byte) bool {
	if len(name) < 2 || len(name) > 30 {
		return false
	}
	for _, c := range name {
		if !isAlnum(c) && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}
