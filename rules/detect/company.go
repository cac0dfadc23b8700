package detect

import "bytes"

// Companies: a legal form at the end (or the front) of the name, from the
// embedded list.

const (
	companyOdds     = 4
	companyPairOdds = 1.5 // "Smith and Sons", "Smith-Jones"
)

// companyOddsOf weighs a value of two words or more as a company.
func (d *Detector) companyOddsOf(value []byte) float32 {
	last := bytes.LastIndexByte(value, ' ')
	if last < 0 || len(value) > 100 {
		return 0
	}
	k := d.kindsOf(value[last+1:])
	if k&kindCompany != 0 {
		return d.legalOdds(k)
	}
	first := bytes.IndexByte(value, ' ')
	if k := d.kindsOf(bytes.TrimRight(value[:first], ",")); k&kindCompany != 0 && first <= 6 {
		return d.legalOdds(k) - 1
	}
	if comma := bytes.IndexByte(value, ','); comma > 0 && bytes.Contains(value[comma:], []byte(" and ")) {
		return companyOdds - 1.5 // "Kuhn, Smith and Turner"
	}
	if bytes.Contains(value, []byte(" - ")) {
		return companyPairOdds
	}
	if bytes.IndexByte(value, '&') > 0 || bytes.Contains(value, []byte(" and ")) {
		return companyPairOdds
	}
	return 0
}

// legalOdds: some legal forms are words or names too.
func (d *Detector) legalOdds(k kind) float32 {
	if k&(kindName|kindWord|kindPrefix) != 0 {
		return companyOdds - 1.5
	}
	return companyOdds
}
