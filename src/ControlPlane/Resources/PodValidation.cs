using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What makes a pod's spec unusable, in pods and in templates.</summary>
internal static class PodValidation
{
    private const string PortRange = "must be between 1 and 65535, inclusive";

    /// <param name="obj">An object with spec.selector and spec.template.</param>
    /// <param name="selector">The labels every pod of the template must have.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static void Template(JsonObject obj, IReadOnlyDictionary<string, string> selector, FieldErrors errors)
    {
        var labels = obj.StringMap("spec", "template", "metadata", "labels");
        MetadataValidation.ValidateLabels(labels, "spec.template.metadata.labels", errors);
        if (selector.Any(term => labels.GetValueOrDefault(term.Key) != term.Value))
        {
            var shown = string.Join(",", labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"\"{label.Key}\":\"{label.Value}\""));
            errors.InvalidRaw("spec.template.metadata.labels", $"{{{shown}}}", "`selector` does not match template `labels`");
        }

        Spec(obj.Object("spec", "template", "spec") ?? [], "spec.template.spec", errors);
        if (obj.Text("spec", "template", "spec", "restartPolicy") is { } policy and not "Always")
        {
            errors.NotSupported("spec.template.spec.restartPolicy", policy, "Always");
        }
    }

    public static void Spec(JsonObject spec, string path, FieldErrors errors)
    {
        if (!spec.Objects("containers").Any())
        {
            errors.Required($"{path}.containers");
        }

        if (spec.Text("restartPolicy") is { } restart and not ("Always" or "OnFailure" or "Never"))
        {
            errors.NotSupported($"{path}.restartPolicy", restart, "Always", "Never", "OnFailure");
        }

        if (spec.Text("dnsPolicy") is { } dns and not ("ClusterFirst" or "ClusterFirstWithHostNet" or "Default" or "None"))
        {
            errors.NotSupported($"{path}.dnsPolicy", dns, "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None");
        }

        var volumes = Volumes(spec, path, errors);
        var names = new HashSet<string>(StringComparer.Ordinal);
        Containers(spec, "initContainers", path, names, volumes, errors);
        Containers(spec, "containers", path, names, volumes, errors);
    }

    private static HashSet<string> Volumes(JsonObject spec, string path, FieldErrors errors)
    {
        var volumes = new HashSet<string>(StringComparer.Ordinal);
        var index = 0;
        foreach (var volume in spec.Objects("volumes"))
        {
            var field = $"{path}.volumes[{index++}].name";
            Name(volume.Text("name"), field, errors);
            if (!volumes.Add(volume.Text("name") ?? ""))
            {
                errors.Duplicate(field, volume.Text("name") ?? "");
            }
        }

        return volumes;
    }

    private static void Containers(JsonObject spec, string list, string path, HashSet<string> names, HashSet<string> volumes, FieldErrors errors)
    {
        var index = 0;
        foreach (var container in spec.Objects(list))
        {
            var field = $"{path}.{list}[{index++}]";
            Name(container.Text("name"), $"{field}.name", errors);
            if (!names.Add(container.Text("name") ?? ""))
            {
                errors.Duplicate($"{field}.name", container.Text("name") ?? "");
            }

            if (container.Text("image") is null or "")
            {
                errors.Required($"{field}.image");
            }

            if (container.Text("imagePullPolicy") is { } pull and not ("Always" or "IfNotPresent" or "Never"))
            {
                errors.NotSupported($"{field}.imagePullPolicy", pull, "Always", "IfNotPresent", "Never");
            }

            Ports(container, field, errors);
            Mounts(container, field, volumes, errors);
        }
    }

    private static void Ports(JsonObject container, string path, FieldErrors errors)
    {
        var index = 0;
        foreach (var port in container.Objects("ports"))
        {
            var field = $"{path}.ports[{index++}]";
            if (port.Integer("containerPort") is not { } number)
            {
                errors.Required($"{field}.containerPort");
            }
            else if (number is < 1 or > 65535)
            {
                errors.Invalid($"{field}.containerPort", number, PortRange);
            }

            if (port.Integer("hostPort") is < 0 or > 65535)
            {
                errors.Invalid($"{field}.hostPort", port.Integer("hostPort")!.Value, PortRange);
            }

            if (port.Text("protocol") is { } protocol and not ("TCP" or "UDP" or "SCTP"))
            {
                errors.NotSupported($"{field}.protocol", protocol, "SCTP", "TCP", "UDP");
            }
        }
    }

    private static void Mounts(JsonObject container, string path, HashSet<string> volumes, FieldErrors errors)
    {
        var index = 0;
        foreach (var mount in container.Objects("volumeMounts"))
        {
            var field = $"{path}.volumeMounts[{index++}]";
            var name = mount.Text("name") ?? "";
            if (name.Length == 0)
            {
                errors.Required($"{field}.name");
            }
            else if (!volumes.Contains(name))
            {
                errors.NotFound($"{field}.name", name);
            }

            if (mount.Text("mountPath") is null or "")
            {
                errors.Required($"{field}.mountPath");
            }
        }
    }

    private static void Name(string? name, string field, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(name))
        {
            errors.Required(field);
            return;
        }

        foreach (var message in NameRule.Label.Errors(name))
        {
            errors.Invalid(field, name, message);
        }
    }
}
