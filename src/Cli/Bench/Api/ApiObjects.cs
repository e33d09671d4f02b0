using System.Globalization;

namespace Dataplane.Cli.Bench.Api;

/// <summary>Bodies as a cluster has them: a pod of a Deployment after its admission, its status as a kubelet reports it.</summary>
internal static class ApiObjects
{
    internal const string PodPath = "/api/v1/namespaces/default/pods";

    internal static string Node(int index) =>
        $$$"""{"metadata":{"name":"{{{NodeName(index)}}}","labels":{"kubernetes.io/hostname":"{{{NodeName(index)}}}"}},"spec":{"podCIDR":"10.{{{index}}}.0.0/16"},"status":{}}""";

    internal static string NodeStatus() =>
        """{"status":{"conditions":[{"type":"Ready","status":"True","reason":"KubeletReady","message":"kubelet is posting ready status"}]}}""";

    internal static string NodeName(int index) => string.Create(CultureInfo.InvariantCulture, $"bench-node-{index:000}");

    internal static string Lease(string node, DateTimeOffset now) =>
        $$$"""{"metadata":{"name":"{{{node}}}","namespace":"kube-node-lease"},"spec":{"holderIdentity":"{{{node}}}","leaseDurationSeconds":40,"renewTime":"{{{now.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'}}}"}}""";

    internal static string PodName(int index) => string.Create(CultureInfo.InvariantCulture, $"web-5d9c7b8f6d-{index:00000}");

    internal static string Pod(int index, int nodes) =>
        $$$"""
        {"metadata":{"name":"{{{PodName(index)}}}","labels":{"app":"web","pod-template-hash":"5d9c7b8f6d","tier":"front"},"annotations":{"prometheus.io/scrape":"true","prometheus.io/port":"8080"}},
        "spec":{"nodeName":"{{{NodeName(index % nodes)}}}","containers":[{"name":"web","image":"registry.example/team/web:1.4.2","ports":[{"name":"http","containerPort":8080}],
        "env":[{"name":"LOG_LEVEL","value":"info"},{"name":"POD_NAME","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"} } }],
        "resources":{"requests":{"cpu":"100m","memory":"64Mi"},"limits":{"memory":"128Mi"}},
        "readinessProbe":{"httpGet":{"path":"/healthz","port":8080},"periodSeconds":5},
        "volumeMounts":[{"name":"config","mountPath":"/etc/web"}]}],
        "volumes":[{"name":"config","configMap":{"name":"web"}}]}}
        """;

    /// <summary>A pod's status, different for every round: a kubelet writes it when something changed.</summary>
    internal static string PodStatus(int index, int round)
    {
        var ready = round % 2 == 0 ? "True" : "False";
        var address = string.Create(CultureInfo.InvariantCulture, $"10.{index / 250 % 250}.{index % 250}.{2 + (index / 62_500)}");
        var at = string.Create(CultureInfo.InvariantCulture, $"2026-01-01T{round / 3600 % 24:00}:{round / 60 % 60:00}:{round % 60:00}Z");
        return $$$"""
            {"status":{"phase":"Running","hostIP":"172.30.0.11","podIP":"{{{address}}}","podIPs":[{"ip":"{{{address}}}"}],"startTime":"2026-01-01T00:00:00Z",
            "conditions":[{"type":"Initialized","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"Ready","status":"{{{ready}}}","lastTransitionTime":"{{{at}}}"},
            {"type":"ContainersReady","status":"{{{ready}}}","lastTransitionTime":"{{{at}}}"},{"type":"PodScheduled","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"}],
            "containerStatuses":[{"name":"web","state":{"running":{"startedAt":"{{{at}}}"}},"ready":{{{(round % 2 == 0 ? "true" : "false")}}},"restartCount":{{{round}}},"started":true,
            "image":"registry.example/team/web:1.4.2","imageID":"sha256:0d3a1c5b8f6e","containerID":"containerd://4f1b6d2e"}]}}
            """;
    }

    internal static string Service(int index) =>
        $$$"""{"metadata":{"name":"svc-{{{index}}}","labels":{"app":"web"}},"spec":{"selector":{"app":"none-{{{index}}}"},"ports":[{"name":"http","port":80,"targetPort":8080}]}}""";

    internal static string Slice(int index)
    {
        var endpoints = string.Join(",", Enumerable.Range(1, 3).Select(n =>
            $$$"""{"addresses":["10.{{{index / 250}}}.{{{index % 250}}}.{{{n}}}"],"conditions":{"ready":true,"serving":true,"terminating":false},"nodeName":"{{{NodeName(n)}}}","targetRef":{"kind":"Pod","namespace":"default","name":"web-{{{index}}}-{{{n}}}"}}"""));
        return $$$"""{"metadata":{"name":"svc-{{{index}}}-slice","labels":{"kubernetes.io/service-name":"svc-{{{index}}}","endpointslice.kubernetes.io/managed-by":"bench"}},"addressType":"IPv4","ports":[{"name":"http","port":8080,"protocol":"TCP"}],"endpoints":[{{{endpoints}}}]}""";
    }

    internal static string ConfigMap(int index) =>
        $$$"""{"metadata":{"name":"settings-{{{index}}}","labels":{"app":"web"}},"data":{"index":"{{{index}}}","settings.yaml":"level: info\nlisten: 0.0.0.0:8080\ntimeouts:\n  read: 5s\n  write: 10s\n"}}""";
}
