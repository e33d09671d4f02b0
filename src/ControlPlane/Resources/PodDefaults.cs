using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Defaults of a pod's spec, in pods and in the templates of their controllers.</summary>
internal static class PodDefaults
{
    public static void Template(JsonObject obj)
    {
        if (obj.Object("spec", "template") is { } template)
        {
            OfTemplate(template);
        }
    }

    /// <summary>The same of the template itself.</summary>
    public static void OfTemplate(JsonObject template)
    {
        template.Metadata().Remove("creationTimestamp");
        Spec(template.Ensure("spec"));
    }

    public static void Spec(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("terminationGracePeriodSeconds", 30L);
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("securityContext", new JsonObject());
        spec.Default("schedulerName", "default-scheduler");

        // Both spellings are served; clients of either find theirs.
        if (spec.Text("serviceAccountName") is { Length: > 0 } account)
        {
            spec["serviceAccount"] = account;
        }
        else if (spec.Text("serviceAccount") is { Length: > 0 } old)
        {
            spec["serviceAccountName"] = old;
        }

        var hostNetwork = spec.Boolean("hostNetwork") == true;
        foreach (var container in spec.Objects("initContainers").Concat(spec.Objects("containers")))
        {
            Container(container, hostNetwork);
        }

        foreach (var container in spec.Objects("ephemeralContainers"))
        {
            Container(container, hostNetwork: false);
        }

        foreach (var volume in spec.Objects("volumes"))
        {
            Volume(volume);
        }
    }

    private static void Container(JsonObject container, bool hostNetwork)
    {
        container.Default("resources", new JsonObject());
        container.Default("terminationMessagePath", "/dev/termination-log");
        container.Default("terminationMessagePolicy", "File");
        container.Default("imagePullPolicy", PullPolicy(container.Text("image") ?? ""));
        foreach (var port in container.Objects("ports"))
        {
            port.Default("protocol", "TCP");
            if (hostNetwork && port["containerPort"] is { } number)
            {
                port.Default("hostPort", number.DeepClone());
            }
        }

        // A limit without a request asks for as much as it may use.
        foreach (var (resource, limit) in container.Object("resources", "limits") ?? [])
        {
            container.Ensure("resources").Ensure("requests").Default(resource, limit!.DeepClone());
        }

        foreach (var name in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe", "startupProbe"])
        {
            if (container.Object(name) is { } probe)
            {
                Probe(probe);
            }
        }

        foreach (var variable in container.Objects("env"))
        {
            variable.Object("valueFrom", "fieldRef")?.Default("apiVersion", "v1");
        }

        foreach (var handler in (ReadOnlySpan<string>)["postStart", "preStop"])
        {
            HttpGet(container.Object("lifecycle", handler, "httpGet"));
        }
    }

    private static void Probe(JsonObject probe)
    {
        probe.Default("timeoutSeconds", 1L);
        probe.Default("periodSeconds", 10L);
        probe.Default("successThreshold", 1L);
        probe.Default("failureThreshold", 3L);
        HttpGet(probe.Object("httpGet"));
    }

    private static void HttpGet(JsonObject? get)
    {
        get?.Default("path", "/");
        get?.Default("scheme", "HTTP");
    }

    private static void Volume(JsonObject volume)
    {
        if (volume.Count == 1)
        {
            volume["emptyDir"] = new JsonObject();
        }

        volume.Object("secret")?.Default("defaultMode", 420L);
        volume.Object("configMap")?.Default("defaultMode", 420L);
        volume.Object("downwardAPI")?.Default("defaultMode", 420L);
        volume.Object("projected")?.Default("defaultMode", 420L);
        foreach (var source in volume.Objects("projected", "sources").Select(source => source.Object("downwardAPI")).Append(volume.Object("downwardAPI")))
        {
            foreach (var item in source?.Objects("items") ?? [])
            {
                item.Object("fieldRef")?.Default("apiVersion", "v1");
            }
        }

        volume.Object("hostPath")?.Default("type", "");
    }

    /// <summary>An image without a tag, or with :latest, may change under its name.</summary>
    private static string PullPolicy(string image)
    {
        if (image.Contains('@', StringComparison.Ordinal))
        {
            return "IfNotPresent";
        }

        var name = image[(image.LastIndexOf('/') + 1)..];
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 || name[(colon + 1)..] == "latest" ? "Always" : "IfNotPresent";
    }
}
