package bucket_test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs/bucket"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs/bucket/gateway"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs/packtest"
)

const pack = "PK-AB00-0000.pack"

func options(t testing.TB, g *gateway.Gateway) bucket.Options {
	return bucket.Options{Endpoint: g.Endpoint, Bucket: "held", AccessKey: g.AccessKey, SecretKey: g.SecretKey, CA: g.CA,
		SpoolDir: t.TempDir(), Owner: "this one", Timeout: 6 * time.Second}
}

func open(t testing.TB, o bucket.Options) *bucket.Bucket {
	t.Helper()
	b, err := bucket.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// start gives a server with a bucket, and a troubled road to it.
func start(t testing.TB) (*gateway.Gateway, *gateway.Road, bucket.Options) {
	t.Helper()
	g := gateway.Start(t, gateway.Options{})
	g.MakeBucket("held")
	road := gateway.Between(t, g)
	o := options(t, g)
	o.Endpoint = road.Endpoint
	return g, road, o
}

func TestBucketKeepsTheContract(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		server gateway.Options
		change func(*bucket.Options)
	}{
		{"plain", gateway.Options{}, func(*bucket.Options) {}},
		{"TLS, with a prefix", gateway.Options{TLS: true}, func(o *bucket.Options) { o.Prefix, o.Addressing = "mail/held", "path" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			g := gateway.Start(t, test.server)
			g.MakeBucket("held")
			var n atomic.Int64
			packtest.Run(t, func(t *testing.T) packs.Store {
				o := options(t, g)
				test.change(&o)
				o.Prefix += "/" + string(rune('a'+n.Add(1)))
				return open(t, o)
			})
		})
	}
}

func TestBucketIsNamedByItsHost(t *testing.T) {
	t.Parallel()
	g := gateway.Start(t, gateway.Options{Domain: "s3.example"})
	g.MakeBucket("held")
	road := gateway.Between(t, g)
	var asked atomic.Value
	road.Meet(func(r *http.Request) gateway.Trouble {
		asked.Store(r.Host + r.URL.Path)
		return gateway.Trouble{}
	})
	o := options(t, g)
	o.Addressing, o.Endpoint = "host", "http://s3.example"
	o.DialTo(strings.TrimPrefix(road.Endpoint, "http://"))
	if err := packtest.Write(t.Context(), open(t, o), pack, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if got := asked.Load(); got != "held.s3.example/content/ab/"+pack {
		t.Errorf("asked for %s, want the bucket as a host", got)
	}
}

func TestAnswersThatAreLostAreFoundOut(t *testing.T) {
	t.Parallel()
	_, road, o := start(t)
	b := open(t, o)
	content := packtest.Random(1, 700_000)
	var puts atomic.Int64
	road.Meet(func(r *http.Request) gateway.Trouble {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, pack) {
			return gateway.Trouble{Lose: puts.Add(1) == 1}
		}
		return gateway.Trouble{}
	})
	if err := packtest.Write(t.Context(), b, pack, content); err != nil {
		t.Fatal(err)
	}
	if puts.Load() < 2 {
		t.Errorf("%d puts, want one more", puts.Load())
	}
	if got, err := packtest.Read(t.Context(), b, pack, 0, len(content)); err != nil || !bytes.Equal(got, content) {
		t.Errorf("read otherwise: %v", err)
	}
}

// A put that meets another one of the same name, as that of an earlier try which the
// store still has in work, is repeated, and finds out whose the object is.
func TestPutsThatMeetAreRepeated(t *testing.T) {
	t.Parallel()
	_, road, o := start(t)
	var puts atomic.Int64
	road.Meet(func(r *http.Request) gateway.Trouble {
		if r.Method == http.MethodPut && puts.Add(1)%2 == 1 {
			return gateway.Trouble{Status: http.StatusConflict, Code: "ConditionalRequestConflict"}
		}
		return gateway.Trouble{}
	})
	b := open(t, o)
	content := packtest.Random(1, 1000)
	if err := packtest.Write(t.Context(), b, pack, content); err != nil {
		t.Fatal(err)
	}
	if got, err := packtest.Read(t.Context(), b, pack, 0, len(content)); err != nil || !bytes.Equal(got, content) {
		t.Errorf("read otherwise: %v", err)
	}
}

// What passes is waited for; what does not is an error that says what to do, and
// no secret.
func TestTroubleIsWaitedForOrTold(t *testing.T) {
	t.Parallel()
	g, _, o := start(t)
	content := packtest.Random(1, 700_000)
	if err := packtest.Write(t.Context(), open(t, o), pack, content); err != nil {
		t.Fatal(err)
	}
	always := func(trouble gateway.Trouble) func(int64) gateway.Trouble {
		return func(int64) gateway.Trouble { return trouble }
	}
	twice := func(trouble gateway.Trouble) func(int64) gateway.Trouble {
		return func(n int64) gateway.Trouble {
			if n > 2 {
				return gateway.Trouble{}
			}
			return trouble
		}
	}
	for _, test := range []struct {
		name    string
		trouble func(n int64) gateway.Trouble
		want    []string // nil: it works in the end
		full    bool
	}{
		{"busy for a while", twice(gateway.Trouble{Status: 503, Code: "SlowDown"}), nil, false},
		{"breaks for a while", twice(gateway.Trouble{Refuse: true}), nil, false},
		{"slow", always(gateway.Trouble{Wait: 50 * time.Millisecond}), nil, false},
		{"failing", always(gateway.Trouble{Status: 500, Code: "InternalError"}), []string{"asked again"}, false},
		{"breaking", always(gateway.Trouble{Refuse: true}), []string{"away or does not answer"}, false},
		{"hanging", always(gateway.Trouble{Wait: time.Minute}), []string{"away or does not answer"}, false},
		{"refused", always(gateway.Trouble{Status: 403, Code: "AccessDenied"}), []string{"s3:PutObject"}, false},
		{"of an unknown key", always(gateway.Trouble{Status: 403, Code: "InvalidAccessKeyId"}), []string{"check its keys"}, false},
		{"without its bucket", always(gateway.Trouble{Status: 404, Code: "NoSuchBucket"}), []string{"make the bucket"}, false},
		{"full", always(gateway.Trouble{Status: 507, Code: "XMinioStorageFull"}), []string{"make room"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			road, o := gateway.Between(t, g), o
			o.Endpoint = road.Endpoint
			if test.name == "hanging" {
				o.Timeout = 1500 * time.Millisecond
			}
			for _, do := range []struct {
				what string
				run  func(*bucket.Bucket) error
			}{
				{"put", func(b *bucket.Bucket) error {
					return packtest.Write(t.Context(), b, "PK-AB01-"+strings.ToUpper(test.name)+".pack", content)
				}},
				{"get", func(b *bucket.Bucket) error {
					got, err := packtest.Read(t.Context(), b, pack, 0, len(content))
					if err == nil && !bytes.Equal(got, content) {
						err = errors.New("read otherwise")
					}
					return err
				}},
				{"list", func(b *bucket.Bucket) error { _, err := b.List(t.Context(), "ab"); return err }},
				{"remove", func(b *bucket.Bucket) error { return b.Remove(t.Context(), "PK-AB02-0000.pack") }},
			} {
				road.Meet(nil)
				b := open(t, o)
				if _, err := b.List(t.Context(), "ab"); err != nil { // its owner is seen
					t.Fatal(err)
				}
				var n atomic.Int64
				road.Meet(func(*http.Request) gateway.Trouble { return test.trouble(n.Add(1)) })
				err := do.run(b)
				if test.want == nil {
					if err != nil {
						t.Errorf("%s: %v", do.what, err)
					}
					continue
				}
				if err == nil {
					t.Errorf("%s works", do.what)
					continue
				}
				for _, want := range append(test.want, "bucket held", road.Endpoint, do.what) {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%s: %q does not say %q", do.what, err, want)
					}
				}
				if strings.Contains(err.Error(), g.SecretKey) {
					t.Errorf("%s: %q tells the secret", do.what, err)
				}
				if errors.Is(err, packs.ErrFull) != test.full {
					t.Errorf("%s: %v is full: %v, want %v", do.what, err, !test.full, test.full)
				}
			}
		})
	}
}

func TestAnswersThatBreakOffAreAskedForAgain(t *testing.T) {
	t.Parallel()
	g := gateway.Start(t, gateway.Options{})
	g.MakeBucket("held")
	content := packtest.Random(1, 700_000)
	if err := packtest.Write(t.Context(), open(t, options(t, g)), pack, content); err != nil {
		t.Fatal(err)
	}
	half := halfway(t, g.Endpoint)
	o := options(t, g)
	o.Endpoint = half
	if got, err := packtest.Read(t.Context(), open(t, o), pack, 0, len(content)); err != nil || !bytes.Equal(got, content) {
		t.Errorf("read otherwise: %v", err)
	}
}

func TestAStoreThatIsAwayIsSaidToBe(t *testing.T) {
	t.Parallel()
	g := gateway.Start(t, gateway.Options{})
	g.MakeBucket("held")
	o := options(t, g)
	b := open(t, o)
	if err := packtest.Write(t.Context(), b, pack, []byte("x")); err != nil {
		t.Fatal(err)
	}
	g.Stop()
	err := packtest.Write(t.Context(), b, "PK-AB01-0000.pack", []byte("y"))
	if err == nil || !strings.Contains(err.Error(), "away or does not answer") {
		t.Errorf("put: %v", err)
	}
	g.Run()
	if err := packtest.Write(t.Context(), b, "PK-AB01-0000.pack", []byte("y")); err != nil {
		t.Errorf("once it is back: %v", err)
	}
	if got, err := packtest.Read(t.Context(), b, pack, 0, 1); err != nil || string(got) != "x" {
		t.Errorf("what was there before: %q, %v", got, err)
	}
}

// A second quarantine would sweep away what the first one keeps.
func TestABucketIsOneQuarantines(t *testing.T) {
	t.Parallel()
	g := gateway.Start(t, gateway.Options{})
	g.MakeBucket("held")
	o := options(t, g)
	if err := packtest.Write(t.Context(), open(t, o), pack, []byte("x")); err != nil {
		t.Fatal(err)
	}
	o.Owner = "another one"
	other := open(t, o)
	_, listing := other.Shards(t.Context())
	for what, err := range map[string]error{
		"put":    packtest.Write(t.Context(), other, "PK-AB01-0000.pack", []byte("y")),
		"remove": other.Remove(t.Context(), pack), "list": listing,
	} {
		if err == nil || !strings.Contains(err.Error(), "a prefix of its own") {
			t.Errorf("%s: %v, want that it is another's", what, err)
		}
	}
	o.Prefix = "other"
	if err := packtest.Write(t.Context(), open(t, o), pack, []byte("y")); err != nil {
		t.Errorf("with a prefix of its own: %v", err)
	}
}

// What is in the store is found as any S3 program would: one object a pack.
func TestAPackIsOneObject(t *testing.T) {
	t.Parallel()
	g := gateway.Start(t, gateway.Options{})
	g.MakeBucket("held")
	o := options(t, g)
	o.Prefix = "mail"
	content := packtest.Random(1, 20<<20) // past what would be cut into parts
	if err := packtest.Write(t.Context(), open(t, o), pack, content); err != nil {
		t.Fatal(err)
	}
	var names []string
	for info := range g.Client().ListObjects(t.Context(), "held", minio.ListObjectsOptions{Recursive: true}) {
		names = append(names, info.Key)
	}
	if got := strings.Join(names, " "); got != "mail/content/ab/"+pack+" mail/owner" {
		t.Errorf("objects: %s", got)
	}
	stored, err := os.ReadFile(filepath.Join(g.Folder, "held", "mail", "content", "ab", pack))
	if err != nil || !bytes.Equal(stored, content) {
		t.Errorf("stored otherwise: %v", err)
	}
	if left, err := os.ReadDir(o.SpoolDir); err != nil || len(left) != 0 {
		t.Errorf("%d files left, %v", len(left), err)
	}
}

// An attempt leaves nothing, though it never hears that its object was put.
func TestAnAttemptLeavesNothing(t *testing.T) {
	t.Parallel()
	g, road, o := start(t)
	road.Meet(func(r *http.Request) gateway.Trouble {
		return gateway.Trouble{Lose: r.Method == http.MethodPut, Refuse: r.Method == http.MethodHead}
	})
	if err := open(t, o).Try(t.Context()); err == nil {
		t.Error("it works")
	}
	for object := range g.Client().ListObjectsIter(t.Context(), "held", minio.ListObjectsOptions{Recursive: true}) {
		t.Errorf("%s is left, %v", object.Key, object.Err)
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	t.Parallel()
	good := bucket.Options{Endpoint: "https://s3.example", Bucket: "held", AccessKey: "k", SecretKey: "s"}
	notPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(notPEM, []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		change func(*bucket.Options)
		want   string
	}{
		{func(o *bucket.Options) { o.Endpoint = "s3.example" }, "no URL"},
		{func(o *bucket.Options) { o.Endpoint = "https://s3.example/held" }, "no URL"},
		{func(o *bucket.Options) { o.Endpoint = "https://key:secret@s3.example" }, "no URL"},
		{func(o *bucket.Options) { o.Addressing = "dns" }, "none of auto, path and host"},
		{func(o *bucket.Options) { o.CA = "/nowhere.pem" }, "nowhere.pem"},
		{func(o *bucket.Options) { o.CA = notPEM }, "no certificate"},
	} {
		o := good
		test.change(&o)
		if _, err := bucket.New(o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", o, err, test.want)
		}
	}
	if _, err := bucket.New(good); err != nil {
		t.Error(err)
	}
}
