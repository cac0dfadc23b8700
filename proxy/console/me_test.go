package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var shownToken = regexp.MustCompile(`bulkhead_[\w-]{40,}`)

// A token ends when it says: who has got hold of one cannot make another of it.
func TestTokenMakesNoToken(t *testing.T) {
	o := newOffice(t, nil)
	form := url.Values{"scope": {"scan"}, "days": {"1"}, "label": {"the list tool"}}
	resp, body := o.send("", http.MethodPost, "/me/tokens", form)
	token := shownToken.FindString(body)
	if resp.StatusCode != http.StatusOK || token == "" {
		t.Fatalf("%s\n%s", resp.Status, body)
	}
	req, err := http.NewRequest(http.MethodPost, o.url+"/me/tokens", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err = http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close() // the status is all that is looked at
	all, err := o.accounts.Tokens(t.Context(), "ana")
	if err != nil || resp.StatusCode != http.StatusUnprocessableEntity || len(all) != 1 {
		t.Errorf("%s: %d tokens, want the first alone; %v", resp.Status, len(all), err)
	}
}
