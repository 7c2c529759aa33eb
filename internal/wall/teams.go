package wall

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// teamsMaxBytes is how large a message Teams posts:
// https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
const teamsMaxBytes = 28 << 10

// teamsPlatform emulates a Teams channel's workflow ("Post to a channel when a
// webhook request is received"). Its answer says only that the workflow starts:
// a card that cannot be posted fails unseen, which the verdict says.
func teamsPlatform() *platform {
	accepted := teamsAccepted()
	return &platform{
		name: Teams,
		patterns: []string{
			"POST /workflows/{id}/triggers/manual/paths/invoke",
			"POST /powerautomate/automations/direct/workflows/{id}/triggers/manual/paths/invoke",
		},
		address: func(r *http.Request, _ []byte) string { return r.PathValue("id") },
		door:    teamsDoor,
		take:    takeTeams,
		accept:  func(*http.Request) answer { return accepted },
		limited: teamsLimited,
		// What a connection of the Teams connector is allowed; not documented for
		// the trigger itself.
		quota: newQuota(window{100, time.Minute}),
		words: teamsWords(),
	}
}

// teamsAccepted is the answer of a workflow that has no Response action.
func teamsAccepted() answer {
	return answer{status: http.StatusAccepted}.
		with("x-ms-workflow-run-id", "08584312345678901234567890123CU00").with("x-ms-request-id", "westeurope:7c1f2a9e-3d64-4b55-9a0e-0c5f1d2e3b4a")
}

func teamsLimited(wait time.Duration) answer {
	seconds := strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
	return teamsError(http.StatusTooManyRequests, "TooManyRequests", "Rate limit is exceeded. Try again in "+seconds+" seconds.").
		with("Retry-After", seconds)
}

func teamsError(status int, code, message string) answer {
	return jsonAnswer(status, map[string]any{"error": map[string]any{"code": code, "message": message}})
}

// teamsWords are errors of Azure Logic Apps, which runs the workflows, and the
// failure that Teams itself hides behind a 200.
func teamsWords() map[string]answer {
	words := map[string]answer{
		"WorkflowNotFound":               teamsError(http.StatusNotFound, "WorkflowNotFound", "The workflow '3f2a' could not be found."),
		"WorkflowTriggerIsNotEnabled":    teamsError(http.StatusBadRequest, "WorkflowTriggerIsNotEnabled", "Could not execute workflow '3f2a' trigger 'manual' with state 'Disabled': trigger is not enabled."),
		"WorkflowNotEnabled":             teamsError(http.StatusConflict, "WorkflowNotEnabled", "The workflow '3f2a' is not enabled."),
		"DirectApiAuthorizationRequired": teamsError(http.StatusUnauthorized, "DirectApiAuthorizationRequired", "The request must be authenticated only by Shared Access scheme."),
		"AuthorizationFailed":            teamsError(http.StatusForbidden, "AuthorizationFailed", "The authentication credentials are not valid."),
		"TriggerInputSchemaMismatch":     teamsError(http.StatusBadRequest, "TriggerInputSchemaMismatch", "The input body for trigger 'manual' of type 'Request' did not match its schema definition."),
		"InvalidRequestContent":          teamsError(http.StatusBadRequest, "InvalidRequestContent", "The request content is not valid and could not be deserialized."),
		"200-429":                        plain(http.StatusOK, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId tcid=0,server=DB3PEPF00000094."),
		"410":                            teamsError(http.StatusGone, "WorkflowNotFound", "The workflow '3f2a' was deleted."),
		"413":                            teamsError(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request entity is too large."),
		"500":                            teamsError(http.StatusInternalServerError, "InternalServerError", "Encountered internal server error."),
		"502":                            teamsError(http.StatusBadGateway, "BadGateway", "No response was received from the workflow's host."),
	}
	for status, code := range map[string]string{
		"400": "TriggerInputSchemaMismatch", "401": "DirectApiAuthorizationRequired", "403": "AuthorizationFailed", "404": "WorkflowNotFound",
	} {
		words[status] = words[code]
	}
	return words
}

// teamsDoor refuses requests without the parameters of a signed URL.
func teamsDoor(r *http.Request) *answer {
	query := r.URL.Query()
	switch {
	case query.Get("api-version") == "":
		return refuse(teamsError(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests."))
	case query.Get("sig") == "" || query.Get("sp") == "" || query.Get("sv") == "":
		return refuse(teamsWords()["DirectApiAuthorizationRequired"])
	case len(query.Get("sig")) < 8:
		return refuse(teamsWords()["AuthorizationFailed"])
	}
	return nil
}

func takeTeams(_ *http.Request, body []byte) outcome {
	var payload any
	if err := json.Unmarshal(body, &payload); err != nil {
		return outcome{answer: teamsError(http.StatusBadRequest, "InvalidRequestContent",
			fmt.Sprintf("The request content is not valid and could not be deserialized: '%v'.", err))}
	}
	n := node{value: payload}
	if list := n.get("attachments"); !n.isObject() || list.present() && !list.isList() {
		return outcome{answer: teamsError(http.StatusBadRequest, "TriggerInputSchemaMismatch",
			"The input body for trigger 'manual' of type 'Request' did not match its schema definition. Error details: 'Invalid type. Expected Array but got Object.'.")}
	}
	o := outcome{answer: teamsAccepted()}
	if fault := runFault(n, len(body)); fault != "" {
		o.unposted, o.notes = true, []string{"accepted, but the workflow's run fails: " + fault}
	}
	return o
}

// runFault is why a workflow that was started would fail to post, or "".
func runFault(n node, size int) string {
	attachments := n.get("attachments")
	switch {
	case !attachments.present():
		return "the result of the evaluation of 'foreach' expression '@triggerOutputs()?['body']?['attachments']' is of type 'Null'"
	case len(attachments.items()) == 0:
		return "no attachments: nothing is posted"
	case size > teamsMaxBytes:
		return fmt.Sprintf("Request Entity too large: %d bytes, Teams takes %d", size, teamsMaxBytes)
	}
	for _, a := range attachments.items() {
		if kind := a.get("contentType").text(); kind != "application/vnd.microsoft.card.adaptive" {
			return fmt.Sprintf("contentType %q is no Adaptive Card's", kind)
		}
		if fault := cardProblem(a.get("content")); fault != "" {
			return fault
		}
	}
	return ""
}
