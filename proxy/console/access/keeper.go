package access

import (
	"context"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// Keeper keeps accounts, sessions and tokens; a *quarantine.Store does.
type Keeper interface {
	HasAccounts(ctx context.Context) (bool, error)
	Account(ctx context.Context, name string) (quarantine.Account, error)
	AddFirstAccount(ctx context.Context, a quarantine.Account) error
	UseStep(ctx context.Context, name string, step int64) error

	BeginSession(ctx context.Context, x quarantine.Session) error
	Session(ctx context.Context, hash []byte) (quarantine.Session, error)
	TouchSession(ctx context.Context, hash []byte, ends time.Time) error
	EndSession(ctx context.Context, hash []byte) error

	Token(ctx context.Context, hash []byte) (quarantine.APIToken, error)
	TouchToken(ctx context.Context, id string) error
}
