package portal

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxAnswer limits how many bytes of a receiver's answer are read.
const maxAnswer = 4 << 10

// Post signs the webhook with the secret, sends it to a URL, and returns the HTTP
// status and the text of the answer. It fails if there was no answer.
func (w Webhook) Post(ctx context.Context, client *http.Client, url, secret string) (status int, answer string, err error) {
	req, err := w.Request(ctx, url, secret)
	if err != nil {
		return 0, "", fmt.Errorf("post a webhook: %w", err)
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", fmt.Errorf("post a webhook: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return 0, "", fmt.Errorf("read the answer to a webhook: %w", err)
	}
	_, _ = io.Copy(io.Discard, res.Body) // so that the connection can be reused
	return res.StatusCode, strings.TrimSpace(string(body)), nil
}
