package access

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
)

// Picture is a QR code (ISO/IEC 18004) as the path of an SVG of Side × Side,
// with the quiet zone of four modules that the standard asks for.
type Picture struct {
	Side int
	Path string
}

// quietZone is in modules.
const quietZone = 4

// PictureOf draws what an app reads of a key.
func PictureOf(key *otp.Key) (Picture, error) {
	code, err := qr.Encode(key.URL(), qr.M, qr.Auto)
	if err != nil {
		return Picture{}, fmt.Errorf("second factor: drawing the key: %w", err)
	}
	var path strings.Builder
	side := code.Bounds().Dx()
	for y := range side {
		for x := range side {
			if code.At(x, y) == color.Black {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quietZone, y+quietZone)
			}
		}
	}
	return Picture{Side: side + 2*quietZone, Path: path.String()}, nil
}
