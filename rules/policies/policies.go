// Package policies holds the default policies, as the commented YAML that an
// administrator reads and changes. See the file default.yaml.
package policies

import _ "embed"

// Name is the name of the default policies in errors and listings.
const Name = "default.yaml"

//go:embed default.yaml
var source []byte

// Default returns the default policies' YAML source.
func Default() []byte { return append([]byte(nil), source...) }
