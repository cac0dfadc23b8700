package extract

// Format is what a part's content proved to be. The set is closed: it is a
// metric label.
type Format string

// The formats that Walk tells apart.
const (
	FormatText    Format = "text"
	FormatHTML    Format = "html"
	FormatCSV     Format = "csv"
	FormatJSON    Format = "json"
	FormatXML     Format = "xml"
	FormatVCard   Format = "vcard"
	FormatRTF     Format = "rtf"
	FormatXLSX    Format = "xlsx"
	FormatXLSB    Format = "xlsb"
	FormatXLS     Format = "xls"
	FormatODS     Format = "ods"
	FormatODT     Format = "odt"
	FormatDOCX    Format = "docx"
	FormatPPTX    Format = "pptx"
	FormatDOC     Format = "doc"
	FormatPPT     Format = "ppt"
	FormatPDF     Format = "pdf"
	FormatSQLite  Format = "sqlite"
	FormatParquet Format = "parquet"
	FormatZip     Format = "zip"
	FormatGzip    Format = "gzip"
	FormatBzip2   Format = "bzip2"
	FormatXZ      Format = "xz"
	FormatZstd    Format = "zstd"
	FormatLZ4     Format = "lz4"
	FormatTar     Format = "tar"
	Format7z      Format = "7z"
	FormatRAR     Format = "rar"
	FormatMessage Format = "rfc822"
	FormatMbox    Format = "mbox"
	FormatMSG     Format = "msg"
	FormatTNEF    Format = "tnef"
	FormatSMIME   Format = "smime"
	FormatPGP     Format = "pgp"
	FormatImage   Format = "image"
	FormatAudio   Format = "audio"
	FormatVideo   Format = "video"
	FormatFont    Format = "font"
	FormatUnknown Format = "unknown"

	// The structures that are met while formats are told apart.
	formatOLE       Format = "ole"       // a compound file: doc, xls, ppt or msg
	formatSealed    Format = "sealed"    // a container that needs a key
	formatMultipart Format = "multipart" // a MIME structure that yielded nothing
)
