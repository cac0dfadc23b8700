package extract

// Formats returns every format there is, for metric labels and listings.
func Formats() []Format {
	return []Format{
		FormatText, FormatHTML, FormatCSV, FormatJSON, FormatXML, FormatVCard, FormatRTF,
		FormatXLSX, FormatXLSB, FormatXLS, FormatODS, FormatODT, FormatDOCX, FormatPPTX, FormatDOC, FormatPPT,
		FormatPDF, FormatSQLite, FormatParquet, FormatAvro, FormatDBF, FormatIWork, FormatData,
		FormatArchive, FormatCAB, FormatCpio, FormatISO, FormatCompress, FormatLZip,
		FormatZip, FormatGzip, FormatBzip2, FormatXZ, FormatLZMA, FormatSnappy, FormatZstd, FormatLZ4, FormatTar, FormatAr, FormatZlib, Format7z, FormatRAR,
		FormatMessage, FormatMbox, FormatMSG, FormatTNEF, FormatSMIME, FormatPGP,
		FormatImage, FormatAudio, FormatVideo, FormatFont, FormatSealed, FormatUnknown,
		FormatMultipart, formatOLE,
	}
}

// Reasons returns every reason for not reading there is, for metric labels.
func Reasons() []Reason {
	return []Reason{
		Encrypted, EndToEnd, Corrupt, Unsupported, Unknown, TooBig, TooDeep, TooMany, Ratio, Timeout, External, Failed,
	}
}
