//go:build unix

package quarantine

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
)

func TestStoresInPostgreSQL(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	migrateTemplate(t, server)
	for name, test := range map[string]func(*testing.T, *postgrestest.Server){
		"what stores do":                            contract,
		"a batch with a lost answer counts once":    batchWithALostAnswerCountsOnce,
		"a wrong clock takes nothing":               wrongClockTakesNothing,
		"one of those who decide at once wins":      oneWhoDecidesWins,
		"relays share one incident":                 relaysShareOneIncident,
		"relays do once what is done once":          relaysDoOnceWhatIsDoneOnce,
		"the server is restarted under load":        serverIsRestartedUnderLoad,
		"an older program writes to a newer schema": olderProgramWritesToNewerSchema,
		"machines have one secret":                  machinesHaveOneSecret,
		"a frozen relay frees the others":           frozenRelayFreesTheOthers,
		"pages follow an index":                     pagesFollowAnIndex,
		"days of exposures are dropped":             daysOfExposuresAreDropped,
		"days of deliveries are dropped":            daysOfDeliveriesAreDropped,
		"what is held while a day goes is kept":     whatIsHeldWhileADayGoesIsKept,
		"the retention keeps nobody waiting":        retentionKeepsNobodyWaiting,
		"runs become one while a day goes":          runsBecomeOneWhileADayGoes,
		"each version's store is carried over":      eachVersionsStoreIsCarriedOver,
		"writers see what they waited for":          writersSeeWhatTheyWaitedFor,
		"a frozen server keeps no rows waiting":     frozenServerKeepsNoRowsWaiting,
		"a frozen server is away":                   frozenServerIsAway,
		"a standby is not read":                     standbyIsNotRead,
		"folders of their own are refused":          foldersOfTheirOwnAreRefused,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, server)
		})
	}
}

// migrateTemplate gives the schema to each database that is made from here on.
func migrateTemplate(t *testing.T, server *postgrestest.Server) {
	t.Helper()
	d, err := newPostgres(server.URL("template1"), "")
	if err != nil {
		t.Fatal(err)
	}
	writer, rows, reader, err := d.open()
	if err != nil {
		t.Fatal(err)
	}
	steps, err := (&Store{}).migrationsOf(d.dialect())
	if err == nil {
		err = d.migrate(t.Context(), writer, steps)
	}
	if err := errors.Join(err, writer.Close(), rows.Close(), reader.Close()); err != nil {
		t.Fatal(err)
	}
}

// contract runs the other tests of the package, but for those that take long.
func contract(t *testing.T, server *postgrestest.Server) {
	if underRace {
		t.Skip("the race detector sees the same code with SQLite")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^Test", "-test.skip=^TestStoresInPostgreSQL$", "-test.short", "-test.timeout=8m")
	cmd.Env = append(os.Environ(), testServer+"="+server.URL("postgres"), "CI=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
