package guard

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Endpoints returns the endpoints in their order, trimmed and without duplicates, or an [*EndpointError]. It refuses only
// endpoints that cannot be dialed at all: names without a port are allowed, since the caller's dialer may know them.
func Endpoints(raw []string) ([]string, error) {
	var endpoints []string
	seen := make(map[string]bool)
	for _, r := range raw {
		endpoint := strings.TrimSpace(r)
		if reason := endpointFault(endpoint); reason != "" {
			return nil, &EndpointError{Endpoint: r, Reason: reason}
		}
		if id := authority(endpoint); !seen[id] {
			seen[id] = true
			endpoints = append(endpoints, endpoint)
		}
	}
	if len(endpoints) == 0 {
		return nil, &EndpointError{Reason: "there is no endpoint"}
	}
	return endpoints, nil
}

func endpointFault(endpoint string) string {
	if endpoint == "" {
		return "it is empty"
	}
	if strings.ContainsFunc(endpoint, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "it contains a blank"
	}
	if scheme, rest, ok := strings.Cut(endpoint, "://"); ok {
		if !slices.Contains([]string{"http", "https", "unix", "unixs"}, scheme) {
			return "its scheme is none of http, https, unix, unixs"
		}
		if _, err := url.Parse(endpoint); err != nil || rest == "" {
			return "it is not a URL with a host"
		}
	}
	return ""
}

// authority is an endpoint without its scheme. It identifies the endpoint: the same member is often configured as
// host:port and advertised as http://host:port.
func authority(endpoint string) string {
	_, rest, ok := strings.Cut(endpoint, "://")
	if !ok {
		rest = endpoint
	}
	return strings.TrimSuffix(rest, "/")
}
