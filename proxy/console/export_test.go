package console

import "github.com/bulkhead-dlp/bulkhead/proxy/console/access"

// Route is an address of the console and the right that it asks for.
type Route struct {
	Pattern string
	Right   access.Right
}

// Routes lists all addresses of the console.
func Routes() []Route {
	var all []Route
	for _, r := range (&console{}).routes() {
		all = append(all, Route{r.pattern, r.right})
	}
	return all
}
