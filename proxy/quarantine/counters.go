package quarantine

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Counting messages as the ledger writes them: one update for each hour, action
// and completeness of a batch.

type hourKey struct {
	hour                 int64
	action, completeness string
}

type policyKey struct {
	day            int64
	policy, action string
}

func countExposures(ctx context.Context, tx *sql.Tx, all []Exposure) error {
	hours, policies := map[hourKey]int64{}, map[policyKey]int64{}
	read := map[string]string{} // what an exposure says of completeness: most are the same
	for i := range all {
		e := &all[i]
		completeness, known := read[string(e.Exposure)]
		if !known {
			var of struct {
				Completeness string `json:"completeness"`
			}
			if err := json.Unmarshal(e.Exposure, &of); err != nil {
				return fmt.Errorf("count exposures: %w", err)
			}
			completeness = of.Completeness
			read[string(e.Exposure)] = completeness
		}
		at := micros(e.At)
		hours[hourKey{at / hourMicros, e.Action, completeness}]++
		if e.Policy != "" {
			policies[policyKey{at / dayMicros, e.Policy, e.Action}]++
		}
	}
	// In one order, since others may count into the same rows.
	for _, k := range slices.SortedFunc(maps.Keys(hours), func(a, b hourKey) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), strings.Compare(a.action, b.action), strings.Compare(a.completeness, b.completeness))
	}) {
		n := hours[k]
		_, err := tx.ExecContext(ctx, `INSERT INTO hours (hour, action, completeness, messages) VALUES (?, ?, ?, ?)
			ON CONFLICT (hour, action, completeness) DO UPDATE SET messages = hours.messages + excluded.messages`, k.hour, k.action, k.completeness, n)
		if err != nil {
			return fmt.Errorf("count exposures: %w", err)
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(policies), func(a, b policyKey) int {
		return cmp.Or(cmp.Compare(a.day, b.day), strings.Compare(a.policy, b.policy), strings.Compare(a.action, b.action))
	}) {
		n := policies[k]
		_, err := tx.ExecContext(ctx, `INSERT INTO policy_days (day, policy, action, messages) VALUES (?, ?, ?, ?)
			ON CONFLICT (day, policy, action) DO UPDATE SET messages = policy_days.messages + excluded.messages`, k.day, k.policy, k.action, n)
		if err != nil {
			return fmt.Errorf("count exposures: %w", err)
		}
	}
	return nil
}
