package detect

// Scan finds entities in running text, from left to right and not overlapping.
func (d *Detector) Scan(text []byte, emit func(Entity)) {
}
