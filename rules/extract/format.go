package extract

// Format is what a part's content proved to be. The set is closed: it is a
// metric label.
type Format string

// The formats that Walk tells apart.
const (
	FormatText     Format = "text"
	FormatHTML     Format = "html"
	FormatCSV      Format = "csv"
	FormatJSON     Format = "json"
	FormatXML      Format = "xml"
	FormatVCard    Format = "vcard"
	FormatRTF      Format = "rtf"
	FormatXLSX     Format = "xlsx"
	FormatXLSB     Format = "xlsb"
	FormatXLS      Format = "xls"
	FormatODS      Format = "ods"
	FormatODT      Format = "odt"
	FormatDOCX     Format = "docx"
	FormatPPTX     Format = "pptx"
	FormatDOC      Format = "doc"
	FormatPPT      Format = "ppt"
	FormatPDF      Format = "pdf"
	FormatSQLite   Format = "sqlite"
	FormatParquet  Format = "parquet"
	FormatIWork    Format = "iwork"
	FormatAvro     Format = "avro"
	FormatDBF      Format = "dbf"
	FormatData     Format = "database" // a database or store that is known and not read: Outlook, ORC
	FormatArchive  Format = "archive"  // an archive that is known and not read: lzh, arj, ace, wim
	FormatCAB      Format = "cab"
	FormatCpio     Format = "cpio"
	FormatISO      Format = "iso"
	FormatCompress Format = "compress"
	FormatLZip     Format = "lzip"
	FormatZip      Format = "zip"
	FormatGzip     Format = "gzip"
	FormatBzip2    Format = "bzip2"
	FormatXZ       Format = "xz"
	FormatLZMA     Format = "lzma"
	FormatSnappy   Format = "snappy"
	FormatZstd     Format = "zstd"
	FormatLZ4      Format = "lz4"
	FormatTar      Format = "tar"
	FormatAr       Format = "ar"
	FormatZlib     Format = "zlib"
	Format7z       Format = "7z"
	FormatRAR      Format = "rar"
	FormatMessage  Format = "rfc822"
	FormatMbox     Format = "mbox"
	FormatMSG      Format = "msg"
	FormatTNEF     Format = "tnef"
	FormatSMIME    Format = "smime"
	FormatPGP      Format = "pgp"
	FormatImage    Format = "image"
	FormatAudio    Format = "audio"
	FormatVideo    Format = "video"
	FormatFont     Format = "font"
	FormatUnknown  Format = "unknown"

	FormatSealed    Format = "sealed"    // a container of another program that needs a key
	FormatMultipart Format = "multipart" // a MIME structure as a whole

	// formatOLE is a compound file until it is known for a doc, xls, ppt or msg.
	formatOLE Format = "ole"
)
