package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
)

const admin = "ada admin"

func TestAccountsAndTokensAreKept(t *testing.T) {
	w := newWorld(t, nil)
	const password = "correct-horse-battery"
	add := func(name, role string) string {
		return `{"name":"` + name + `","role":"` + role + `","password":"` + password + `"}`
	}
	w.want(http.StatusNoContent, admin, "POST /accounts", add("ben", "admin"))
	w.want(http.StatusConflict, admin, "POST /accounts", add("BEN", "viewer"))
	w.want(http.StatusUnprocessableEntity, admin, "POST /accounts", `{"name":"kim","role":"viewer","password":"kimkimkimkim"}`)
	w.want(http.StatusConflict, admin, "POST /accounts/ben/change", `{"role":"viewer"}`) // the last admin
	w.want(http.StatusConflict, admin, "POST /accounts/ben/change", `{"disabled":true}`)
	w.want(http.StatusNoContent, admin, "POST /accounts", add("kim", "viewer"))
	w.want(http.StatusNoContent, admin, "POST /accounts/kim/change", `{"role":"reviewer","disabled":true}`)
	w.want(http.StatusNotFound, admin, "POST /accounts/nobody/change", `{"role":"reviewer"}`)
	got := w.want(http.StatusOK, admin, "GET /accounts", "")
	var all api.Accounts
	if err := json.Unmarshal(got.body, &all); err != nil || len(all.Accounts) != 2 || bytes.Contains(got.body, []byte("argon2")) || bytes.Contains(got.body, []byte("correct")) {
		t.Errorf("the accounts are %s, %v", got.body, err)
	}
	var made api.MadeToken
	if err := json.Unmarshal(w.want(http.StatusCreated, admin, "POST /tokens", `{"name":"mailtool","role":"viewer","scope":["scan"],"days":30}`).body, &made); err != nil || made.Token == "" {
		t.Fatalf("the token is %+v, %v", made, err)
	}
	w.want(http.StatusUnprocessableEntity, admin, "POST /tokens", `{"name":"mailtool","role":"viewer","scope":["everything"],"days":30}`)
	got = w.want(http.StatusOK, admin, "GET /tokens", "")
	if bytes.Contains(got.body, []byte(made.Token)) || !bytes.Contains(got.body, []byte(made.ID)) {
		t.Errorf("the tokens are %s", got.body)
	}
	w.want(http.StatusNoContent, admin, "POST /tokens/"+made.ID+"/revoke", "")
	w.want(http.StatusNotFound, admin, "POST /tokens/"+made.ID+"/revoke", "")
}
