package table

// turn reads a whole grid whose fields run down and whose records run across,
// if it is one, and gives its records.
func (r *reading) turn() (bool, error) {
	return false, nil
}
