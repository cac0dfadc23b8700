package extract

import "io"

func cmsType([]byte) string                          { return "" }
func isPGP([]byte) bool                              { return false }
func (w *walk) pgpMessage(n node, r io.Reader) error { return nil }
func metaCharset([]byte) string                      { return "" }
func hasTag([]byte) bool                             { return false }
func wide(label string, head []byte) bool            { return wideByZeros(head) != nil }
