package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// startNginx starts nginx's mail proxy with the shipped configuration in front of a
// relay. It lets in who has the password "right".
func startNginx(t *testing.T, relay, cert, key string) (address string) {
	t.Helper()
	program := needProgram(t, "nginx", "libnginx-mod-mail")
	host, port, err := net.SplitHostPort(relay)
	if err != nil {
		t.Fatal(err)
	}
	logins := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Auth-Pass") != "right" {
			w.Header().Set("Auth-Status", "Invalid login or password")
			return
		}
		w.Header().Set("Auth-Status", "OK")
		w.Header().Set("Auth-Server", host)
		w.Header().Set("Auth-Port", port)
	}))
	t.Cleanup(logins.Close)
	address = freePort(t)
	dir := rootFolder(t, map[string]string{
		"mail.conf": shipped(t, "nginx/mail.conf", "listen 587", "listen "+address, "127.0.0.1:9000", logins.Listener.Addr().String(),
			"/etc/nginx/mail.pem", cert, "/etc/nginx/mail.key", key),
		"nginx.conf": "load_module /usr/lib/nginx/modules/ngx_mail_module.so;\ndaemon off;\npid pid;\nerror_log stderr;\nevents {}\ninclude mail.conf;\n",
	})
	runServer(t, &mailServer{address: address}, program, "-e", "stderr", "-p", dir+"/", "-c", "nginx.conf")
	return address
}

// Behind nginx, which has asked for the login, the client is the one that came to
// nginx, with its name; and it cannot say itself that it is another.
func TestNginxLogsIn(t *testing.T) {
	needProgram(t, "nginx", "libnginx-mod-mail")
	needRoot(t, "nginx is started as root, and leaves it")
	box := newMailbox(t)
	cert, key := certificate(t)
	p := serve(t, t.TempDir(), box.url(), "--config", writeFile(t, "bulkhead.yaml",
		"listeners:\n  - {address: \"127.0.0.1:0\", allow: [], xclient: {from: [127.0.0.1/32]}}\n"))
	address := startNginx(t, p.smtp[0], cert, key)

	login := func(from, password string) (c *client, code int) {
		c = newClient(t, dialFrom(t, from, address))
		c.startTLS(cert)
		code, _ = c.reply("AUTH PLAIN %s", authPlain("ana", password))
		return c, code
	}
	if _, code := login("127.0.0.8", "wrong"); code != 535 {
		t.Errorf("nginx answers a wrong password with %d", code)
	}
	c, code := login("127.0.0.9", "right")
	if code != 235 {
		t.Fatalf("nginx answers the right password with %d:\n%s", code, p.logged())
	}
	if said := c.cmd(500, "XCLIENT ADDR=192.0.2.7 LOGIN=ben"); said != "5.5.2 Command not recognised" {
		t.Errorf("a client's own XCLIENT: %q", said)
	}
	message := ordinaryMessage("By nginx", "with a login.\n")
	if code, text := c.send("sender@source.example", []string{"reader@sink.example"}, message); code != 250 {
		t.Fatalf("%d %s", code, text)
	}
	checkArrived(t, box, message)
	head, _, _ := strings.Cut(string(box.got()[0].content), "\r\nFrom: ")
	if !strings.Contains(head, "([127.0.0.9])") || !strings.Contains(head, "with ESMTPA id") {
		t.Errorf("the trace line does not name the client, and that it has logged in:\n%s", head)
	}
	p.tells(t, `"msg":"verdict"`, `"client":"127.0.0.9"`)
	p.stop(t)
}
