package slack

import "github.com/absorb-bridge/absorb-bridge/bridge"

// kindOf classifies Slack's words, of webhooks and of the Web API. They say more than
// the status: some of the same errors come under several, and the Web API has them
// under 200 (docs.slack.dev/reference/methods/chat.postMessage).
func kindOf(words string) (bridge.Kind, bool) {
	switch words {
	case "invalid_payload", "no_text", "too_many_attachments", "invalid_blocks", "invalid_blocks_format",
		"msg_too_long", "msg_blocks_too_long", "invalid_attachments", "invalid_arguments", "invalid_charset",
		"invalid_json", "json_not_object", "invalid_form_data", "invalid_post_type", "metadata_too_large",
		"attachment_payload_limit_exceeded", "markdown_text_conflict", "duplicate_message_not_found":
		return bridge.MessageRejected, true
	case "no_service", "no_service_id", "no_team", "invalid_token", "no_active_hooks", "team_disabled",
		"user_not_found", "action_prohibited", "posting_to_general_channel_denied", "ekm_access_denied",
		"no_permission", "missing_scope", "not_authed", "invalid_auth", "account_inactive", "token_revoked",
		"token_expired", "not_allowed_token_type", "access_denied", "enterprise_is_restricted", "method_deprecated",
		"team_access_not_granted", "deprecated_endpoint", "two_factor_setup_required", "accesslimited":
		return bridge.DestinationBroken, true
	case "rollup_error", "fatal_error", "internal_error", "request_timeout", "service_unavailable",
		"org_login_required", "team_added_to_org": // the last two while a workspace moves
		return bridge.Temporary, true
	case "ratelimited", "rate_limited", "message_limit_exceeded":
		return bridge.Limited, true
	}
	if aboutChannel(words) {
		return bridge.DestinationBroken, true
	}
	return bridge.Temporary, false
}

// aboutChannel tells whether the words are about this channel or person alone, while
// others may take messages.
func aboutChannel(words string) bool {
	switch words {
	case "channel_not_found", "channel_is_archived", "is_archived", "not_in_channel", "restricted_action",
		"restricted_action_read_only_channel", "restricted_action_thread_only_channel",
		"restricted_action_non_threadable_channel", "restricted_action_thread_locked",
		"cannot_dm_bot", "user_disabled", "user_not_visible", "messages_tab_disabled", "is_inactive",
		"slack_connect_file_link_sharing_blocked", "slack_connect_canvas_sharing_blocked", "channel_type_not_supported":
		return true
	}
	return false
}

// unknownPerson tells whether the words say that there is nobody to write to.
func unknownPerson(words string) bool {
	switch words {
	case "users_not_found", "user_not_found", "user_not_visible", "user_disabled", "cannot_dm_bot", "not_enough_users",
		"invalid_user_combination":
		return true
	}
	return false
}

// cannotEdit tells whether an earlier message cannot be edited, while a new one may
// be sent (docs.slack.dev/reference/methods/chat.update).
func cannotEdit(words string) bool {
	switch words {
	case "message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found", "is_inactive",
		"is_archived", "not_in_channel", "update_failed", "streaming_state_conflict":
		return true
	}
	return false
}

// noThread tells whether the thread to reply in is gone or closed.
func noThread(words string) bool {
	switch words {
	case "thread_not_found", "message_not_found", "cannot_reply_to_message", "invalid_thread_ts",
		"restricted_action_thread_locked", "restricted_action_non_threadable_channel":
		return true
	}
	return false
}

// remedy is what to do about an error, for those who run the bridge.
func remedy(words, needed string) string {
	switch words {
	case "not_in_channel":
		return "invite the app into the channel, or give it the scope chat:write.public"
	case "channel_not_found":
		return "there is no such channel, or it is private and the app is not in it: invite the app"
	case "missing_scope":
		return "give the app the scope " + needed + " (OAuth & Permissions), and install it again"
	case "invalid_auth", "token_revoked", "token_expired", "account_inactive", "not_authed", "not_allowed_token_type":
		return "copy the Bot User OAuth Token from the app's page OAuth & Permissions again"
	case "is_archived":
		return "the channel is archived: name another one"
	}
	return ""
}
