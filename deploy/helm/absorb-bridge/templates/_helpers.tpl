{{- define "absorb-bridge.fullname" -}}
{{- if contains "absorb-bridge" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-absorb-bridge" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "absorb-bridge.selector" -}}
app.kubernetes.io/name: absorb-bridge
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "absorb-bridge.labels" -}}
{{ include "absorb-bridge.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "absorb-bridge.secret" -}}
{{- .Values.secret.name | default (include "absorb-bridge.fullname" .) -}}
{{- end -}}

{{/* Checks that the schema cannot express, or not with a clear error. */}}
{{- define "absorb-bridge.check" -}}
{{- $sqlite := eq .Values.store.type "sqlite" -}}
{{- if and $sqlite (gt (int .Values.replicas) 1) -}}
{{- fail (printf "replicas: %d, but SQLite allows one replica only: set store.type=postgres, or replicas=1" (int .Values.replicas)) -}}
{{- end -}}
{{- if .Values.secret.create -}}
{{- $values := .Values.secret.values -}}
{{- if not $values.ADMIN_TOKEN -}}
{{- fail "secret.values.ADMIN_TOKEN is missing: generate one with openssl rand -hex 24" -}}
{{- end -}}
{{- if and (not $sqlite) (not $values.DATABASE_URL) -}}
{{- fail "secret.values.DATABASE_URL is missing: store.type postgres needs it" -}}
{{- end -}}
{{- else if .Values.secret.values -}}
{{- fail "secret.values is set, but secret.create is false: set it to true, or remove the values" -}}
{{- end -}}
{{- end -}}
