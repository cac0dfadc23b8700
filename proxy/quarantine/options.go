package quarantine

import (
	"crypto/rand"
	"io"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

// Options are the settings of a store. The zero value is what a relay uses.
type Options struct {
	// Clock gives the time; nil is time.Now, put right by the clock of a database that
	// machines share.
	Clock func() time.Time
	// Random feeds the ids; nil is crypto/rand.
	Random io.Reader
	// Capacity is how many bytes of content the store may hold; 0: no bound.
	Capacity int64
	// Reserve is how many bytes of the disk are left free, so that a full
	// quarantine stops neither the database nor its neighbours; 0 is 64 MiB,
	// negative none.
	Reserve int64
	// Lease is how long a release may take before its recipients become
	// unknown; 0 is 15 minutes. It must be longer than the deadline of the
	// upstream transaction.
	Lease time.Duration
	// Grace is how old a file without a row must be before Sweep takes it for
	// left over; 0 is an hour.
	Grace time.Duration

	// Identity is the file of the private key, without which held content and
	// the names of people cannot be read. "" is DIR/quarantine.key, which is
	// made with a new store, and may be moved away later; a file that is named
	// here must be there.
	Identity string
	// Recipient is the public key to seal to, "age1…". "" is the one that the
	// store was made with.
	Recipient string

	// Database is the PostgreSQL database that the rows are in, as a URL or in the
	// keywords of libpq. "" is the file DIR/quarantine.db. What several machines share
	// is a PostgreSQL database, and content that all of them can reach.
	Database string
	// Password is that of the database, where its address has none.
	Password string
	// Secret is the file of the secret of the keyed hashes, 32 bytes that are the
	// same in every process of the store. "" is DIR/quarantine.secret. One that is
	// named, and any with a PostgreSQL database, has to be there.
	Secret string

	// Retention says how long content is kept.
	Retention Retention

	// Packs gives the store that keeps content, for the quarantine that owner
	// names; nil is files in the store's folder. Where content is noted, and
	// opening with another place is an error while there is any.
	Packs func(owner string) (packs.Store, error)

	disk packs.Disk // nil is the machine's; tests set it
	look int        // how many rows one call of a search looks through; 0 is lookMost; tests set it
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Reserve == 0 {
		o.Reserve = defaultReserve
	}
	if o.Lease == 0 {
		o.Lease = defaultLease
	}
	if o.Grace == 0 {
		o.Grace = defaultGrace
	}
	if o.look == 0 {
		o.look = lookMost
	}
	if o.disk == nil {
		o.disk = packs.Machine{}
	}
	return o
}
