package quarantine

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// codec compresses with Zstandard (RFC 8878), many calls at once.
type codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

const (
	// codecWindow is no less than the largest chunk, and keeps encoders small.
	codecWindow = 128 << 10

	// codecRoom is what the compressed form of a few bytes may have more than those.
	codecRoom = 32

	// maxRecord bounds what one sealed record or chunk expands to. The
	// largest record is Hold's, with the addresses of a whole envelope.
	maxRecord = 64 << 20
)

func newCodec() (codec, error) {
	// On chunks of 9 KB the fastest level is twice as fast as the usual one,
	// whose larger tables are cleared for each, and packs no worse.
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(4), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(codecWindow), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
	if err != nil {
		return codec{}, fmt.Errorf("compression: %w", err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(4), zstd.WithDecoderMaxMemory(maxRecord))
	if err != nil {
		return codec{}, fmt.Errorf("compression: %w", err)
	}
	return codec{encoder, decoder}, nil
}

// compress appends the compressed form of plain to dst.
func (c codec) compress(dst, plain []byte) []byte { return c.encoder.EncodeAll(plain, dst) }

// decompress appends the plain form of packed to dst.
func (c codec) decompress(dst, packed []byte) ([]byte, error) {
	return c.decoder.DecodeAll(packed, dst)
}
