package detect

import "testing"

func TestDatesBecomeISO(t *testing.T) {
	tests := []struct{ value, want string }{
		{"2024-01-02", "2024-01-02"}, {"2024/1/2", "2024-01-02"}, {"02.01.2024", "2024-01-02"}, {"31/12/1999", "1999-12-31"}, {"12/31/1999", "1999-12-31"},
		{"3 May 1999", "1999-05-03"}, {"May 3, 1999", "1999-05-03"}, {"3rd May 1999", "1999-05-03"}, {"3. März 1999", "1999-03-03"},
		{"14 juillet 1989", "1989-07-14"}, {"3 de mayo de 1999", "1999-05-03"}, {"03-MAY-1999", "1999-05-03"}, {"3-May-99", "1999-05-03"},
		{"19991231", "1999-12-31"}, {"31.12.99", "1999-12-31"}, {"2000-02-29", "2000-02-29"}, {"1999年5月3日", "1999-05-03"},
		{"2024-01-02T10:11:12Z", "2024-01-02"}, {"2024-01-02 10:11:12.123 +0200", "2024-01-02"}, {"Fri, 3 May 2019 10:00:01 +0200", "2019-05-03"},
		{"1990-05-14T00:00:00.000Z", "1990-05-14"}, {"1/2/2024 3:04 PM", "2024-02-01"},
	}
	for _, tt := range tests {
		if got := string(Compact(nil, Date, []byte(tt.value))); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.value, got, tt.want)
		}
	}
}

func TestOtherValuesAreNoDates(t *testing.T) {
	for _, value := range []string{
		"2024-13-01", "2024-02-30", "1900-02-29", "32.01.2024", "00/00/0000", "12345678", "1.2.3", "1.2.3.4", "192.168.1.1", "10:30", "May", "3 May",
		"2024", "123-45-6789", "99999999", "Mon", "Order 12 of 2024", "AB-12-34", "1-2", "2024-01-02x",
	} {
		if d, _, ok := parseDate([]byte(value)); ok {
			t.Errorf("%q is %v", value, d)
		}
	}
}

func TestBirthDatesNeedTheHeader(t *testing.T) {
	d := newDetector(t)
	if date, birth := odds(d, Date, "1985-03-02"), odds(d, PersonBirthDate, "1985-03-02"); birth < -8 || birth >= date {
		t.Errorf("date %v, birth date %v", date, birth)
	}
	for _, value := range []string{"1850-01-01", "2150-01-01", "1985-03-02 14:05:06"} {
		if birth := odds(d, PersonBirthDate, value); birth > -8 {
			t.Errorf("%q: birth date %v", value, birth)
		}
	}
}
