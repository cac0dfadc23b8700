package extract

// Format is what a part's content proved to be. The set is closed: it is a
// metric label.
type Format string

// The formats that Walk tells apart.
const (
	FormatText    Format = "text"
	FormatHTML    Format = "html"
	FormatCSV     Format = "csv"
	FormatXLSX    Format = "xlsx"
	FormatUnknown Format = "unknown"
)
