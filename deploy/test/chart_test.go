package test

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	network "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
)

const chart = "../helm/absorb-bridge"

// TestChartLints runs helm lint; warnings are errors.
func TestChartLints(t *testing.T) {
	for _, values := range []string{"values.yaml", "ci/sqlite-values.yaml", "ci/postgres-values.yaml"} {
		if out, err := helm(t, "lint", "--strict", chart, "--values", filepath.Join(chart, values)); err != nil {
			t.Errorf("%s: %v\n%s", values, err, out)
		}
	}
}

// TestChartRefuses checks that Helm rejects values that cannot work, before it changes
// anything.
func TestChartRefuses(t *testing.T) {
	for _, c := range []struct{ set, because string }{
		{"replicas=2", "SQLite allows one replica only"},
		{"replicas=0", "replicas"},
		{"replicas=two", "replicas"},
		{"replicaCount=2", "replicaCount"},
		{"store.type=mysql", "store/type"},
		{"store.sqlite.size=big", "store/sqlite/size"},
		{"store.sqlite.accessMode=ReadWriteMany", "store/sqlite/accessMode"},
		{"config=", "config"},
		{"config.listen=:80", "config"},
		{"image.repository=", "image/repository"},
		{"image.pullPolicy=Sometimes", "image/pullPolicy"},
		{"env.BRIDGE_STORE=/tmp/bridge.db", "env"},
		{"env.a-b=c", "env"},
		{"templates.user-created=x", "user-created"},
		{"secret.create=true", "secret.values.ADMIN_TOKEN is missing"},
		{"secret.create=true,store.type=postgres,secret.values.ADMIN_TOKEN=t", "secret.values.DATABASE_URL is missing"},
		{"secret.values.ADMIN_TOKEN=t", "secret.create is false"},
		{"service.port=70000", "service/port"},
		{"service.type=ExternalName", "service/type"},
		{"ingress.enabled=true", "ingress/host"},
		{"ingress.enabled=yes", "ingress/enabled"},
		{"ingress.paths={absorb}", "ingress/paths"},
		{"podDisruptionBudget.maxUnavailable=0", "podDisruptionBudget/maxUnavailable"},
		{"serviceMonitor.interval=often", "serviceMonitor/interval"},
		{"prometheusRule.enabled=yes", "prometheusRule/enabled"},
		{"prometheusRule.groups={}", "groups"},
		{"dashboard.labels.grafana_dashboard=1", "dashboard/labels/grafana_dashboard"},
		{"networkPolicy.adminFrom={all}", "networkPolicy/adminFrom"},
	} {
		out, err := helm(t, "template", "bridge", chart, "--set", c.set)
		if err == nil {
			t.Errorf("%s is accepted", c.set)
		} else if !strings.Contains(out, c.because) {
			t.Errorf("%s: the reason is not %q:\n%s", c.set, c.because, out)
		}
	}
}

func TestChartWithItsDefaults(t *testing.T) {
	m := render(t)
	m.hold(t, "ConfigMap", "Deployment", "PersistentVolumeClaim", "Service", "Service")
	m.fits(t, "bridge-absorb-bridge")
}

func TestChartOnSQLite(t *testing.T) {
	m := render(t, "--values", filepath.Join(chart, "ci/sqlite-values.yaml"))
	m.hold(t, "ConfigMap", "ConfigMap", "ConfigMap", "Deployment", "Ingress", "NetworkPolicy", "PersistentVolumeClaim", "PrometheusRule", "Secret", "Service", "Service", "ServiceMonitor")
	m.fits(t, "bridge-absorb-bridge")
	d := one[*apps.Deployment](t, m)
	if *d.Spec.Replicas != 1 || d.Spec.Strategy.Type != apps.RecreateDeploymentStrategyType {
		t.Errorf("%d replicas, %s: two could have the file at once", *d.Spec.Replicas, d.Spec.Strategy.Type)
	}
	if d.Spec.Template.Annotations["checksum/secret"] == "" {
		t.Error("a changed secret does not restart the bridge")
	}
	if claim := one[*core.PersistentVolumeClaim](t, m); claim.Annotations["helm.sh/resource-policy"] != "keep" {
		t.Error("the store is deleted with the release")
	}
	if got := string(one[*core.Secret](t, m).Data["ABSORB_SECRET"]); got != "a-secret" {
		t.Errorf("the secret is %q", got)
	}
	if monitor := one[*monitoring.ServiceMonitor](t, m); monitor.Labels["release"] != "prometheus" {
		t.Error(monitor.Labels)
	}
	rule := one[*network.Ingress](t, m).Spec.Rules[0]
	if path := rule.HTTP.Paths[0]; rule.Host != "bridge.example.com" || path.Path != "/absorb" || path.Backend.Service.Name != "bridge-absorb-bridge" {
		t.Errorf("%+v", rule)
	}
}

func TestChartOnPostgres(t *testing.T) {
	m := render(t, "--values", filepath.Join(chart, "ci/postgres-values.yaml"))
	m.hold(t, "ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "Service")
	m.fits(t, "bridge-secrets")
	d := one[*apps.Deployment](t, m)
	if *d.Spec.Replicas != 3 || d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue() != 0 {
		t.Errorf("%d replicas, %+v", *d.Spec.Replicas, d.Spec.Strategy)
	}
	pods := labels.Set(d.Spec.Template.Labels)
	budget := one[*policy.PodDisruptionBudget](t, m)
	if !labels.SelectorFromSet(budget.Spec.Selector.MatchLabels).Matches(pods) || budget.Spec.MaxUnavailable.IntValue() != 1 {
		t.Errorf("%+v", budget.Spec)
	}
	if spread := d.Spec.Template.Spec.TopologySpreadConstraints; len(spread) != 2 || !labels.SelectorFromSet(spread[0].LabelSelector.MatchLabels).Matches(pods) {
		t.Errorf("%+v", spread)
	}
	for _, s := range all[*core.Service](m) {
		if strings.HasSuffix(s.Name, "-admin") && s.Spec.Type != "" && s.Spec.Type != core.ServiceTypeClusterIP {
			t.Errorf("the admin's service is a %s", s.Spec.Type)
		}
	}
}

// TestChartSaysWhatNext reads the notes that Helm shows after an installation.
func TestChartSaysWhatNext(t *testing.T) {
	for values, words := range map[string][]string{
		"values.yaml":             {"create secret generic bridge-absorb-bridge", "SQLite", "The internet cannot reach it yet"},
		"ci/sqlite-values.yaml":   {"The chart has created the secret", "https://bridge.example.com/absorb"},
		"ci/postgres-values.yaml": {"create secret generic bridge-secrets", "DATABASE_URL", "3 replicas", "exec -n learning deploy/bridge-absorb-bridge"},
	} {
		out, err := helm(t, "install", "bridge", chart, "--namespace", "learning", "--dry-run=client", "--values", filepath.Join(chart, values))
		if err != nil {
			t.Fatalf("%s: %v\n%s", values, err, out)
		}
		_, notes, _ := strings.Cut(out, "NOTES:")
		for _, w := range words {
			if !strings.Contains(notes, w) {
				t.Errorf("%s: the notes do not say %q:\n%s", values, w, notes)
			}
		}
	}
}

func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(programs.helm, args...)
	cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+programs.dir, "HELM_CONFIG_HOME="+programs.dir, "HELM_DATA_HOME="+programs.dir, "KUBECONFIG=/dev/null")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// manifests are the objects that the chart renders.
type manifests []runtime.Object

// render renders the templates with Helm and parses the result as strictly as Kubernetes
// can: unknown and duplicate fields are errors.
func render(t *testing.T, args ...string) manifests {
	t.Helper()
	out, err := helm(t, append([]string{"template", "bridge", chart, "--namespace", "learning", "--kube-version", "1.30"}, args...)...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	types := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, monitoring.AddToScheme} {
		if err := add(types); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(types, serializer.EnableStrict).UniversalDeserializer()
	var m manifests
	for _, document := range bytes.Split([]byte(out), []byte("\n---\n")) {
		object, kind, err := decoder.Decode(document, nil, nil)
		if err != nil {
			t.Errorf("%v: %v\n%s", kind, err, document)
			continue
		}
		m = append(m, object)
	}
	return m
}

// hold checks that there are objects of exactly these kinds.
func (m manifests) hold(t *testing.T, kinds ...string) {
	t.Helper()
	var have []string
	for _, object := range m {
		have = append(have, object.GetObjectKind().GroupVersionKind().Kind)
	}
	slices.Sort(have)
	if !slices.Equal(have, kinds) {
		t.Errorf("have %q, want %q", have, kinds)
	}
}

// fits checks that the parts refer to each other, that the container is unprivileged,
// and that its configuration is valid.
func (m manifests) fits(t *testing.T, secret string) {
	t.Helper()
	d := one[*apps.Deployment](t, m)
	pod := d.Spec.Template
	if !labels.SelectorFromSet(d.Spec.Selector.MatchLabels).Matches(labels.Set(pod.Labels)) {
		t.Error("the deployment does not select its pods")
	}
	c := pod.Spec.Containers[0]
	ports := map[string]int32{}
	for _, p := range c.Ports {
		ports[p.Name] = p.ContainerPort
	}
	for _, s := range all[*core.Service](m) {
		if !labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(pod.Labels)) || ports[s.Spec.Ports[0].TargetPort.StrVal] == 0 {
			t.Errorf("the service %s leads nowhere", s.Name)
		}
	}
	for path, probe := range map[string]*core.Probe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		if probe.HTTPGet.Path != path || ports[probe.HTTPGet.Port.StrVal] != 8081 {
			t.Errorf("%s is asked by %+v", path, probe.HTTPGet)
		}
	}
	locked(t, pod.Spec)
	m.mounts(t, pod.Spec)
	m.configuration(t, c, secret)
}

func locked(t *testing.T, pod core.PodSpec) {
	t.Helper()
	p, c := pod.SecurityContext, pod.Containers[0].SecurityContext
	if !*p.RunAsNonRoot || *p.RunAsUser == 0 || p.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault || *pod.AutomountServiceAccountToken {
		t.Errorf("the pod has rights: %+v", p)
	}
	if *c.AllowPrivilegeEscalation || !*c.ReadOnlyRootFilesystem || !slices.Equal(c.Capabilities.Drop, []core.Capability{"ALL"}) {
		t.Errorf("the container has rights: %+v", c)
	}
}

// mounts checks that every mounted volume exists and refers to an existing object.
func (m manifests) mounts(t *testing.T, pod core.PodSpec) {
	t.Helper()
	volumes := map[string]core.VolumeSource{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v.VolumeSource
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		v, ok := volumes[mount.Name]
		switch {
		case !ok:
			t.Errorf("there is no volume for %s", mount.MountPath)
		case mount.Name == "config" || mount.Name == "templates":
			if !slices.ContainsFunc(all[*core.ConfigMap](m), func(c *core.ConfigMap) bool { return c.Name == v.ConfigMap.Name }) || mount.SubPath != "" {
				t.Errorf("%s does not follow a config map: %+v", mount.Name, v)
			}
		case mount.Name == "data":
			if claim := one[*core.PersistentVolumeClaim](t, m); v.PersistentVolumeClaim.ClaimName != claim.Name {
				t.Errorf("the data is on %s, not on %s", v.PersistentVolumeClaim.ClaimName, claim.Name)
			}
		}
	}
}

// configuration lets the bridge check the files and variables of its container.
func (m manifests) configuration(t *testing.T, c core.Container, secret string) {
	t.Helper()
	dir := t.TempDir()
	for _, config := range all[*core.ConfigMap](m) {
		for name, text := range config.Data {
			write(t, filepath.Join(dir, name), text)
		}
	}
	if c.EnvFrom[0].SecretRef.Name != secret {
		t.Errorf("its secret is %s, not %s", c.EnvFrom[0].SecretRef.Name, secret)
	}
	env := maps.Clone(secrets)
	for _, e := range c.Env {
		switch {
		case e.ValueFrom != nil && e.ValueFrom.SecretKeyRef.Name == secret:
			env[e.Name] = secrets[e.ValueFrom.SecretKeyRef.Key]
		default:
			env[e.Name] = e.Value
		}
	}
	env["BRIDGE_CONFIG"] = filepath.Join(dir, "bridge.yaml")
	if env["BRIDGE_TEMPLATES"] != "" {
		env["BRIDGE_TEMPLATES"] = dir
		if err := os.Rename(filepath.Join(dir, "bridge.yaml"), filepath.Join(dir, "bridge.conf")); err != nil {
			t.Fatal(err)
		}
		env["BRIDGE_CONFIG"] = filepath.Join(dir, "bridge.conf")
	}
	check(t, env)
}

// all returns the objects of a type.
func all[T runtime.Object](m manifests) (found []T) {
	for _, object := range m {
		if o, ok := object.(T); ok {
			found = append(found, o)
		}
	}
	return found
}

// one returns the only object of a type.
func one[T runtime.Object](t *testing.T, m manifests) T {
	t.Helper()
	found := all[T](m)
	if len(found) != 1 {
		t.Fatalf("there are %d of %T", len(found), *new(T))
	}
	return found[0]
}
