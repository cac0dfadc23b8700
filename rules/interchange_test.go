package rules_test

import (
	"fmt"
	"strings"
	"testing"
)

// What a record has past its bound is searched as text.
func TestAddressesPastTheBoundOfARecordAreFound(t *testing.T) {
	var b strings.Builder
	b.WriteString("NAD+DP+10015::92++Ann Lee+Mill Lane 4+Leeds++LS1 4AB+GB'")
	for i := range 600 {
		fmt.Fprintf(&b, "COM+zoe%d@quay.test:EM'", i)
	}
	v := decide(t, defaultPolicies(t), envelope, inspectFile(t, "order.edi", b.String()))
	if v.Exposure.Subjects < 60 {
		t.Errorf("%d people, want those of the addresses past the bound, too", v.Exposure.Subjects)
	}
}
