package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Client speaks to the API of a session.
type Client struct {
	// URL is the address of the API, such as http://127.0.0.1:23790.
	URL string
	// Token is the token that the session asks for. Empty: none.
	Token string
}

// Fault injects a fault. It blocks until the fault is in force. The error says what is wrong with it, or why it cannot be injected now.
func (c Client) Fault(ctx context.Context, expression string) (InForce, error) {
	var injected InForce
	return injected, c.call(ctx, http.MethodPost, "/api/fault", Order{Fault: expression}, &injected)
}

// Heal heals one fault, or all. It blocks until they are undone, and returns those that were in force.
func (c Client) Heal(ctx context.Context, which Heal) ([]InForce, error) {
	var healed Healed
	return healed.Healed, c.call(ctx, http.MethodPost, "/api/heal", which, &healed)
}

// State is what the session is like now.
func (c Client) State(ctx context.Context) (State, error) {
	var s State
	return s, c.call(ctx, http.MethodGet, "/api/state", nil, &s)
}

// call makes one request. The error of an answer that is a [Problem] is its text.
func (c Client) call(ctx context.Context, method, path string, body, into any) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("lab: %w", err)
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+path, sent)
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("no lab answers at %s; start one with lab, or say where it is with --addr: %w", c.URL, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusBadRequest {
		var p Problem
		if json.NewDecoder(response.Body).Decode(&p) != nil || p.Error == "" {
			return fmt.Errorf("the lab at %s answers %s", c.URL, response.Status)
		}
		return errors.New(p.Error)
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("the answer of the lab at %s: %w", c.URL, err)
	}
	return nil
}
