package console

import (
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// firstFields are the fields of a header that a mail program shows, in its order.
// One that stands there twice is shown twice, since programs differ in which
// they take.
func firstFields(header []extract.Field) (first []extract.Field) {
	for _, name := range []string{"From", "Sender", "To", "Cc", "Bcc", "Reply-To", "Subject", "Date"} {
		for _, f := range header {
			if strings.EqualFold(f.Name, name) {
				first = append(first, f)
			}
		}
	}
	return first
}
