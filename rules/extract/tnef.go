package extract

func (w *walk) tnef(n node, c content) error { return w.unknown(n, c) }
