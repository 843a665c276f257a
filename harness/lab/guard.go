package lab

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// guard lets only those through to the API who may use it:
//
//   - The request names a host that is this server's, so that a page of another site cannot reach the API by a name that it lets point here
//     (DNS rebinding).
//   - The request comes from no page, or from one of this server's, so that a page of another site cannot post to it.
//   - It presents the token, if there is one. Without a token, only callers on this machine can reach the server.
type guard struct {
	token string
	host  string // the host of the address to listen on
	port  int
	local bool // only this machine can reach it
	names []string
}

// cookieName is the cookie in which a browser keeps the token.
const cookieName = "stormwatch-lab"

// newGuard makes the guard of a server that listens on an address.
func newGuard(address, token string) (*guard, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: want HOST:PORT, such as 127.0.0.1:%d", address, DefaultPort)
	}
	g := &guard{token: token, host: host}
	if g.port, err = strconv.Atoi(port); err != nil {
		return nil, fmt.Errorf("listen on %q: want a number for the port", address)
	}
	ip := net.ParseIP(host)
	g.local = host == "localhost" || ip != nil && ip.IsLoopback()
	if !g.local && token == "" {
		return nil, fmt.Errorf("listen on %s: others than this machine can reach it, so callers must present a token", address)
	}
	g.names = []string{"localhost"}
	if ip == nil && host != "" {
		g.names = append(g.names, strings.ToLower(host))
	}
	if name, err := os.Hostname(); err == nil && !g.local {
		g.names = append(g.names, strings.ToLower(name))
	}
	return g, nil
}

// address is the address by which this machine reaches the server.
func (g *guard) address() string {
	host := g.host
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(g.port))
}

// wrap calls next for the requests that may pass.
func (g *guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		switch {
		case !g.ours(r.Host):
			fail(w, http.StatusMisdirectedRequest, fmt.Errorf("the host %q is not this server's: use http://%s", r.Host, g.address()))
		case !sameOrigin(r):
			fail(w, http.StatusForbidden, errors.New("a page of another origin may not use this server"))
		case g.token != "" && r.URL.Query().Has("token") && r.URL.Path == "/" && r.Method == http.MethodGet:
			g.login(w, r)
		case !g.authorized(r):
			w.Header().Set("WWW-Authenticate", `Bearer realm="stormwatch lab"`)
			fail(w, http.StatusUnauthorized, errors.New("present the token that the lab printed: as Authorization: Bearer TOKEN, or open /?token=TOKEN in a browser"))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// ours says whether a request's host is one of this server's: an address (which no other site's name can stand for), or one of its own names.
func (g *guard) ours(hostport string) bool {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = strings.Trim(hostport, "[]"), "80"
	}
	if port != strconv.Itoa(g.port) {
		return false
	}
	if ip := net.ParseIP(host); ip != nil {
		return !g.local || ip.IsLoopback()
	}
	for _, name := range g.names {
		if strings.EqualFold(host, name) {
			return true
		}
	}
	return false
}

// sameOrigin says whether a request comes from no page or from one of this server's. Browsers send Origin with every request that could change
// something, and those of today Sec-Fetch-Site with all.
func sameOrigin(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" && !strings.EqualFold(origin, "http://"+r.Host) {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	}
	// A link on another page may lead to the live page.
	return r.Method == http.MethodGet && r.URL.Path == "/" && r.Header.Get("Sec-Fetch-Mode") == "navigate"
}

// login keeps the token of the address in a cookie, if it is the right one, and leads to the page without it.
func (g *guard) login(w http.ResponseWriter, r *http.Request) {
	if !g.right(r.URL.Query().Get("token")) {
		fail(w, http.StatusUnauthorized, errors.New("that is not the token that the lab printed"))
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: g.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (g *guard) authorized(r *http.Request) bool {
	if g.token == "" {
		return true
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return g.right(token)
	}
	cookie, err := r.Cookie(cookieName)
	return err == nil && g.right(cookie.Value)
}

// right compares a token with the right one, in a time that does not depend on where they differ.
func (g *guard) right(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(g.token)) == 1
}
