package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// assetsPath is where the style, the scripts and the icon are. What follows is
// a hash of them all, so that a browser may keep them for good.
const assetsPath = "/assets/"

// assets serves the style, the scripts and the icon.
type assets struct {
	files map[string][]byte // by name
	base  string            // their address, with its hash
}

// newAssets reads the files. The style is kept in parts and served as one.
func newAssets() (*assets, error) {
	a := &assets{files: map[string][]byte{}}
	var style bytes.Buffer
	sum := sha256.New()
	err := fs.WalkDir(assetFiles, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := assetFiles.ReadFile(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
		if path.Ext(name) == ".css" {
			style.Write(content)
			return nil
		}
		a.files[path.Base(name)] = content
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("assets: %w", err)
	}
	a.files["console.css"] = style.Bytes()
	a.base = assetsPath + hex.EncodeToString(sum.Sum(nil)[:6]) + "/"
	return a, nil
}

// ServeHTTP implements http.Handler.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, known := a.files[path.Base(r.URL.Path)]
	if !known {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(r.URL.Path)))
	if strings.HasPrefix(r.URL.Path, a.base) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.Write(content) //nolint:errcheck // the browser has gone
}
