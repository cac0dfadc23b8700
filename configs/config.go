// Package configs owns the configuration: one typed Config, its defaults, how
// it is read, and what is wrong with it.
//
// Settings come from a YAML file, then the environment, then flags; the later
// wins. Unknown settings are errors. Every error names the file, the line, the
// field as the user wrote it, and what would be right. Secrets are hidden
// whenever a configuration is printed.
package configs

import (
	"net/netip"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
)

// Config is everything that can be set. The YAML file has the same shape; see
// bulkhead.yaml beside this file, which holds every setting with its default.
type Config struct {
	// Hostname is the relay's name in greetings and Received lines. Empty
	// means the machine's own.
	Hostname string `yaml:"hostname"`
	// DataDir holds the quarantine and the spool.
	DataDir   string     `yaml:"data_dir"`
	Listeners []Listener `yaml:"listeners"`
	// ACME is where certificates come from that are in no file.
	ACME       ACME       `yaml:"acme"`
	Milter     Milter     `yaml:"milter"`
	SMTP       SMTP       `yaml:"smtp"`
	Upstream   Upstream   `yaml:"upstream"`
	Inspection Inspection `yaml:"inspection"`
	// OwnDomains are domains whose people are never third parties.
	OwnDomains []string `yaml:"own_domains"`
	// Indexes are those of the owner's own customers, for exact match.
	Indexes []Index `yaml:"indexes"`
	// Allow is where the allow list is kept.
	Allow Allow `yaml:"allow"`
	// Lexicon adds header words to the built-in ones: by field type, or
	// "public", "served", "abbreviations", and strength.
	Lexicon rules.HeaderWords `yaml:"lexicon"`
	// Policies replace the default policies as a whole when given.
	Policies   []rules.PolicySpec `yaml:"policies"`
	Quarantine Quarantine         `yaml:"quarantine"`
	// Review says how held mail is decided on.
	Review Review `yaml:"review"`
	// Notify says who is told of held mail.
	Notify Notify `yaml:"notify"`
	// Run is how the copies of one mailing are seen as one.
	Run Run `yaml:"run"`
	// Degraded is what becomes of mail while it cannot be read what is known of its
	// run: defer it, or pass-clean.
	Degraded string   `yaml:"degraded"`
	Admin    Admin    `yaml:"admin"`
	Metrics  Endpoint `yaml:"metrics"`
	Log      Log      `yaml:"log"`
	// Events says which programs are told of verdicts and decisions.
	Events Events `yaml:"events"`
	// Tracing is where the way of each message is told.
	Tracing Tracing `yaml:"tracing"`
}

// Listener is an address on which mail is taken.
type Listener struct {
	Address string `yaml:"address"`
	// TLS, when it has a certificate, offers STARTTLS; with Implicit the
	// connection begins with the handshake (RFC 8314).
	TLS TLS `yaml:"tls"`
	// Allow are the networks that may relay without authentication.
	Allow []netip.Prefix `yaml:"allow"`
	// InsecureAuth lets clients authenticate over an unencrypted connection.
	InsecureAuth bool `yaml:"insecure_auth"`
	// ProxyProtocol says whose connections begin with a header of the PROXY
	// protocol, which tells who the client is. With any, nobody else may come in.
	ProxyProtocol Trusted `yaml:"proxy_protocol"`
	// XClient says which clients may say by XCLIENT whom they speak for.
	XClient Trusted `yaml:"xclient"`
	// XForward says which may say by XFORWARD where a message comes from.
	XForward Trusted `yaml:"xforward"`
}

// Trusted are networks whose word on who the client is counts.
type Trusted struct {
	From []netip.Prefix `yaml:"from"`
}

// TLS is a certificate and how it is used: PEM files, or [ByACME] without a key.
type TLS struct {
	Cert     string `yaml:"cert"`
	Key      string `yaml:"key"`
	Implicit bool   `yaml:"implicit"`
}

// SMTP bounds what clients may do.
type SMTP struct {
	MaxSize        Size          `yaml:"max_size"`
	MaxHops        int           `yaml:"max_hops"`
	LineEnds       string        `yaml:"line_ends"` // refuse or normalise
	MaxConnections int           `yaml:"max_connections"`
	MaxPerClient   int           `yaml:"max_per_client"`
	MaxErrors      int           `yaml:"max_errors"`
	MaxRecipients  int           `yaml:"max_recipients"` // of one message
	PerMinute      PerMinute     `yaml:"per_minute"`
	IdleTimeout    time.Duration `yaml:"idle_timeout"`
	DataTimeout    time.Duration `yaml:"data_timeout"`
	MinRate        Size          `yaml:"min_rate"` // bytes a second in DATA, averaged over a minute
	ShutdownGrace  time.Duration `yaml:"shutdown_grace"`
}

// PerMinute bounds what comes from one address in a minute; 0: no bound.
type PerMinute struct {
	Connections int `yaml:"connections"`
	Messages    int `yaml:"messages"`
	Recipients  int `yaml:"recipients"`
}

// Upstream is the server that mail is passed on to.
type Upstream struct {
	URL            string        `yaml:"url"`
	Username       string        `yaml:"username"`
	Password       Secret        `yaml:"password"`
	CA             string        `yaml:"ca"` // PEM file of roots, "" for the system's
	Chunking       bool          `yaml:"chunking"`
	PoolSize       int           `yaml:"pool_size"`
	PoolIdle       time.Duration `yaml:"pool_idle"`
	ConnectTimeout time.Duration `yaml:"connect_timeout"`
	CommandTimeout time.Duration `yaml:"command_timeout"`
	FinalTimeout   time.Duration `yaml:"final_timeout"`
}

// Inspection bounds the reading of one message.
type Inspection struct {
	Deadline   time.Duration `yaml:"deadline"`
	Concurrent int           `yaml:"concurrent"` // 0: one for each processor
	Bytes      Size          `yaml:"bytes"`
	PartBytes  Size          `yaml:"part_bytes"`
	Ratio      int64         `yaml:"ratio"`
	Depth      int           `yaml:"depth"`
	Parts      int           `yaml:"parts"`
	Entries    int           `yaml:"entries"`
	Cells      int64         `yaml:"cells"`
	OCR        OCR           `yaml:"ocr"`
}

// OCR is how the text in pictures is read. It is off without a command.
type OCR struct {
	Command   string        `yaml:"command"`   // tesseract, by name or path
	Languages string        `yaml:"languages"` // tesseract's, joined by "+"
	Timeout   time.Duration `yaml:"timeout"`   // of one picture
}

// Index is an exact-match index, made by `bulkhead index build`.
type Index struct {
	// Name is what verdicts and metrics call it: letters, digits and "-".
	Name string `yaml:"name"`
	Path string `yaml:"path"`
	// KeyFile is the key that it was built with.
	KeyFile string `yaml:"key_file"`
}

// Allow is where `bulkhead allow` keeps the allow list.
type Allow struct {
	File    string `yaml:"file"`     // "": allow.yaml in the data folder
	KeyFile string `yaml:"key_file"` // "": allow.key in the data folder
}

// IndexNames returns the names of the indexes.
func (c *Config) IndexNames() []string {
	names := make([]string, len(c.Indexes))
	for i, x := range c.Indexes {
		names[i] = x.Name
	}
	return names
}

// MaxIndexes is the most indexes that are searched together.
const MaxIndexes = 8

// Quarantine is how held messages are kept.
type Quarantine struct {
	// Database is the PostgreSQL database that the rows of the quarantine are in, as
	// a URL, where several machines share it. Empty: DATA_DIR/quarantine.db.
	Database string `yaml:"database"`
	// Password is that of the database's user.
	Password Secret `yaml:"password"`
	// SecretFile is the file of the secret that addresses and content are found by,
	// the same on each machine. Empty: DATA_DIR/quarantine.secret.
	SecretFile string `yaml:"secret_file"`
	// Reserve is how much room must stay free on the volume; below it nothing
	// more is held and clients are told to try again later.
	Reserve Size `yaml:"reserve"`
	// Recipient is the public key that held mail is sealed to, "age1…". Empty:
	// the one that the quarantine was made with.
	Recipient string `yaml:"recipient"`
	// Identity is the file of the private key, which reading, exporting and
	// releasing need, and holding does not. Empty: DATA_DIR/quarantine.key.
	Identity string `yaml:"identity"`
	// Retention is how long the content of held mail is kept.
	Retention Retention `yaml:"retention"`
	// S3 is where content is, in place of files in the data folder.
	S3 S3 `yaml:"s3"`
}

// Retention is how long the content of held mail is kept.
type Retention struct {
	// Undecided is from when a message was held: then it is refused.
	Undecided Period `yaml:"undecided"`
	// Decided is from when it was released or refused.
	Decided Period `yaml:"decided"`
	// Policies have periods of their own; one that is 0 is the general one.
	Policies map[string]RetentionOf `yaml:"policies"`
}

// RetentionOf is how long the content of one policy's messages is kept.
type RetentionOf struct {
	Undecided Period `yaml:"undecided"`
	Decided   Period `yaml:"decided"`
}

// Review says how held mail is decided on.
type Review struct {
	// TwoPeopleFrom is the number of people exposed from which a release takes
	// two persons; 0: never.
	TwoPeopleFrom int `yaml:"two_people_from"`
	// TestTo are the addresses, and with @office.example the domains, of
	// reviewers: a test copy of what is held may go there, and nowhere else.
	TestTo []string `yaml:"test_to"`
}

// Endpoint is where metrics are.
type Endpoint struct {
	Address string `yaml:"address"`
}

// Log is the form of the log.
type Log struct {
	Format string `yaml:"format"` // text or json
	Level  string `yaml:"level"`  // debug, info, warn or error
}

// Default returns the configuration that holds when nothing is set.
func Default() Config {
	return Config{
		DataDir: "data",
		Listeners: []Listener{{
			Address: "127.0.0.1:2525",
			Allow:   []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		}},
		ACME:   defaultACME(),
		Milter: defaultMilter(),
		SMTP: SMTP{
			MaxSize: 50 << 20, MaxHops: 50, LineEnds: "refuse", MaxConnections: 1000, MaxPerClient: 500,
			MaxErrors: 10, MaxRecipients: 1000, IdleTimeout: 5 * time.Minute, DataTimeout: 30 * time.Minute, MinRate: 1 << 10,
			ShutdownGrace: 30 * time.Second,
		},
		Upstream: Upstream{
			Chunking: true, PoolSize: 100, PoolIdle: 100 * time.Millisecond,
			ConnectTimeout: 20 * time.Second, CommandTimeout: 5 * time.Minute, FinalTimeout: 10 * time.Minute,
		},
		Inspection: Inspection{
			Deadline: 60 * time.Second, Bytes: 1 << 30, PartBytes: 512 << 20, Ratio: 200, Depth: 24,
			Parts: 5000, Entries: 10000, Cells: 50_000_000,
			OCR: OCR{Languages: "eng", Timeout: 20 * time.Second},
		},
		Quarantine: Quarantine{Reserve: 256 << 20, Retention: Retention{Undecided: 30 * Day, Decided: 7 * Day}, S3: defaultS3()},
		Review:     Review{TwoPeopleFrom: 100},
		Notify:     defaultNotify(),
		Run:        defaultRun(),
		Degraded:   "defer",
		Admin:      defaultAdmin(),
		Metrics:    Endpoint{Address: "127.0.0.1:9425"},
		Log:        Log{Format: "text", Level: "info"},
		Events:     Events{Addresses: "none", Queue: 10000},
		Tracing:    Tracing{SampleRatio: 1, Queue: 10000},
	}
}
