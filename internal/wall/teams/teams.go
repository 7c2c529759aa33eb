// Package teams emulates the workflows that post to a Teams channel.
package teams

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/absorb-bridge/absorb-bridge/internal/wall/platform"
)

// Name is the type of the sink that sends here.
const Name = "teams"

// maxBytes is how large a message Teams posts:
// https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
const maxBytes = 28 << 10

// New emulates a Teams channel's workflow ("Post to a channel when a
// webhook request is received"). Its answer says only that the workflow starts:
// a card that cannot be posted fails unseen, which the verdict says.
func New() *platform.Platform {
	accepted := accepted()
	return &platform.Platform{
		Name: Name,
		Patterns: []string{
			"POST /workflows/{id}/triggers/manual/paths/invoke",
			"POST /powerautomate/automations/direct/workflows/{id}/triggers/manual/paths/invoke",
		},
		Address:   func(r *http.Request, _ []byte) string { return r.PathValue("id") },
		Authorize: authorize,
		Judge:     judge,
		Count:     func(*http.Request) platform.Answer { return accepted },
		Limited:   limited,
		// What a connection of the Teams connector is allowed; not documented for
		// the trigger itself.
		Quota:  platform.NewQuota(platform.Window{Messages: 100, Length: time.Minute}),
		Errors: errorAnswers(),
	}
}

// accepted is the answer of a workflow that has no Response action.
func accepted() platform.Answer {
	return platform.Answer{Status: http.StatusAccepted}.
		With("x-ms-workflow-run-id", "08584312345678901234567890123CU00").With("x-ms-request-id", "westeurope:7c1f2a9e-3d64-4b55-9a0e-0c5f1d2e3b4a")
}

func limited(wait time.Duration) platform.Answer {
	seconds := strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
	return errorAnswer(http.StatusTooManyRequests, "TooManyRequests", "Rate limit is exceeded. Try again in "+seconds+" seconds.").
		With("Retry-After", seconds)
}

func errorAnswer(status int, code, message string) platform.Answer {
	return platform.JSON(status, map[string]any{"error": map[string]any{"code": code, "message": message}})
}

// errorAnswers are errors of Azure Logic Apps, which runs the workflows, and the
// failure that Teams itself hides behind a 200.
func errorAnswers() map[string]platform.Answer {
	words := map[string]platform.Answer{
		"WorkflowNotFound":               errorAnswer(http.StatusNotFound, "WorkflowNotFound", "The workflow '3f2a' could not be found."),
		"WorkflowTriggerIsNotEnabled":    errorAnswer(http.StatusBadRequest, "WorkflowTriggerIsNotEnabled", "Could not execute workflow '3f2a' trigger 'manual' with state 'Disabled': trigger is not enabled."),
		"WorkflowNotEnabled":             errorAnswer(http.StatusConflict, "WorkflowNotEnabled", "The workflow '3f2a' is not enabled."),
		"DirectApiAuthorizationRequired": errorAnswer(http.StatusUnauthorized, "DirectApiAuthorizationRequired", "The request must be authenticated only by Shared Access scheme."),
		"AuthorizationFailed":            errorAnswer(http.StatusForbidden, "AuthorizationFailed", "The authentication credentials are not valid."),
		"TriggerInputSchemaMismatch":     errorAnswer(http.StatusBadRequest, "TriggerInputSchemaMismatch", "The input body for trigger 'manual' of type 'Request' did not match its schema definition."),
		"InvalidRequestContent":          errorAnswer(http.StatusBadRequest, "InvalidRequestContent", "The request content is not valid and could not be deserialized."),
		"200-429":                        platform.Text(http.StatusOK, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId tcid=0,server=DB3PEPF00000094."),
		"410":                            errorAnswer(http.StatusGone, "WorkflowNotFound", "The workflow '3f2a' was deleted."),
		"413":                            errorAnswer(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request entity is too large."),
		"500":                            errorAnswer(http.StatusInternalServerError, "InternalServerError", "Encountered internal server error."),
		"502":                            errorAnswer(http.StatusBadGateway, "BadGateway", "No response was received from the workflow's host."),
	}
	for status, code := range map[string]string{
		"400": "TriggerInputSchemaMismatch", "401": "DirectApiAuthorizationRequired", "403": "AuthorizationFailed", "404": "WorkflowNotFound",
	} {
		words[status] = words[code]
	}
	return words
}

// authorize refuses requests without the parameters of a signed URL.
func authorize(r *http.Request) *platform.Answer {
	query := r.URL.Query()
	switch {
	case query.Get("api-version") == "":
		return platform.Refuse(errorAnswer(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests."))
	case query.Get("sig") == "" || query.Get("sp") == "" || query.Get("sv") == "":
		return platform.Refuse(errorAnswers()["DirectApiAuthorizationRequired"])
	case len(query.Get("sig")) < 8:
		return platform.Refuse(errorAnswers()["AuthorizationFailed"])
	}
	return nil
}

func judge(_ *http.Request, body []byte) platform.Outcome {
	var payload any
	if err := json.Unmarshal(body, &payload); err != nil {
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "InvalidRequestContent",
			fmt.Sprintf("The request content is not valid and could not be deserialized: '%v'.", err))}
	}
	n := platform.Node{Value: payload}
	if list := n.Get("attachments"); !n.IsObject() || list.Present() && !list.IsList() {
		return platform.Outcome{Answer: errorAnswer(http.StatusBadRequest, "TriggerInputSchemaMismatch",
			"The input body for trigger 'manual' of type 'Request' did not match its schema definition. Error details: 'Invalid type. Expected Array but got Object.'.")}
	}
	o := platform.Outcome{Answer: accepted()}
	if fault := runFault(n, len(body)); fault != "" {
		o.Unposted, o.Notes = true, []string{"accepted, but the workflow's run fails: " + fault}
	}
	return o
}

// runFault is why a workflow that was started would fail to post, or "".
func runFault(n platform.Node, size int) string {
	attachments := n.Get("attachments")
	switch {
	case !attachments.Present():
		return "the result of the evaluation of 'foreach' expression '@triggerOutputs()?['body']?['attachments']' is of type 'Null'"
	case len(attachments.Items()) == 0:
		return "no attachments: nothing is posted"
	case size > maxBytes:
		return fmt.Sprintf("Request Entity too large: %d bytes, Teams takes %d", size, maxBytes)
	}
	for _, a := range attachments.Items() {
		if kind := a.Get("contentType").Text(); kind != "application/vnd.microsoft.card.adaptive" {
			return fmt.Sprintf("contentType %q is no Adaptive Card's", kind)
		}
		if fault := cardProblem(a.Get("content")); fault != "" {
			return fault
		}
	}
	return ""
}
