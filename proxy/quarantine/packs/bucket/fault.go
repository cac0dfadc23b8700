package bucket

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/minio/minio-go/v7"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

// fault says what failed where, and what can be done. A missing object is
// fs.ErrNotExist, want of room packs.ErrFull.
func (b *Bucket) fault(what string, err error) error {
	if err == nil {
		return nil
	}
	advice, kind := b.advice(err)
	if kind != nil {
		err = fmt.Errorf("%w: %w", kind, err)
	}
	return fmt.Errorf("bucket %s at %s: %s: %w%s", b.o.Bucket, b.o.Endpoint, what, err, advice)
}

func (b *Bucket) advice(err error) (advice string, kind error) {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var answer minio.ErrorResponse
	switch {
	case errors.As(err, &authority):
		return "; name the file of its authority as the store's ca", nil
	case errors.As(err, &name):
		return "; want an endpoint, and an addressing, by a name that is in its certificate", nil
	case !errors.As(err, &answer):
		return "; it is away or does not answer: it is asked again with the next message", nil
	}
	switch answer.Code {
	case minio.NoSuchKey:
		return "", fs.ErrNotExist
	case minio.NoSuchBucket:
		return "; make the bucket, or name another one", nil
	case "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded":
		return "; make room in it", packs.ErrFull
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "AuthorizationHeaderMalformed":
		return "; check its keys, its region and the clock", nil
	}
	switch {
	case answer.StatusCode == http.StatusForbidden:
		return "; its policy has to allow this key s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket", nil
	case answer.StatusCode == http.StatusInsufficientStorage:
		return "; make room in it", packs.ErrFull
	case answer.StatusCode >= http.StatusInternalServerError:
		return "; it is asked again with the next message", nil
	}
	return "", nil
}

// answered reports whether an error is an answer of the store with a code.
func answered(err error, code string) bool {
	var answer minio.ErrorResponse
	return errors.As(err, &answer) && answer.Code == code
}
