package ole

func (rd *reader) document(s *entry, name string) error           { return nil }
func (rd *reader) presentation(s *entry, name string) error       { return nil }
func (rd *reader) message(s *entry, name string, depth int) error { return nil }
