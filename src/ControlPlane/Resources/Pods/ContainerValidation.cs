using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>The containers of a pod, those that prepare it and those that run in it.</summary>
internal static class ContainerValidation
{
    private const string NotForInit = "may not be set for init containers without restartPolicy=Always";
    private static readonly string[] Probes = ["livenessProbe", "readinessProbe", "startupProbe"];

    /// <param name="spec">A PodSpec.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="volumes">Its usable volumes by name.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static void Validate(JsonObject spec, string path, IReadOnlyDictionary<string, JsonObject> volumes, FieldErrors errors)
    {
        if (!spec.Objects("containers").Any())
        {
            errors.Required($"{path}.containers");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        var hostPorts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (container, at) in spec.Entries(path, "containers"))
        {
            Common(container, at, volumes, errors);
            if (!names.Add(container.Text("name") ?? ""))
            {
                errors.Duplicate($"{at}.name", container.Text("name") ?? "");
            }

            ProbeValidation.Container(container, at, spec.Integer("terminationGracePeriodSeconds"), errors);
            if (container.Text("restartPolicy") is not null)
            {
                errors.Forbidden($"{at}.restartPolicy", "may not be set for non-init containers");
            }
        }

        foreach (var (container, at) in spec.Entries(path, "containers"))
        {
            HostPorts(container, at, hostPorts, errors);
        }

        foreach (var (container, at) in spec.Entries(path, "initContainers"))
        {
            Common(container, at, volumes, errors);
            Init(container, at, spec, names, errors);
        }
    }

    private static void Init(JsonObject container, string at, JsonObject spec, HashSet<string> names, FieldErrors errors)
    {
        var restart = container.Text("restartPolicy");
        errors.KnownOrAbsent($"{at}.restartPolicy", restart, "Always");
        if (container.Text("name") is { Length: > 0 } name && !names.Add(name))
        {
            errors.Duplicate($"{at}.name", name);
        }

        // One by one they run: each has the node's ports to itself.
        HostPorts(container, at, new HashSet<string>(StringComparer.Ordinal), errors);
        if (restart == "Always")
        {
            ProbeValidation.Container(container, at, spec.Integer("terminationGracePeriodSeconds"), errors);
            return;
        }

        foreach (var field in Probes.Prepend("lifecycle").Where(container.ContainsKey))
        {
            errors.Forbidden($"{at}.{field}", NotForInit);
        }
    }

    /// <summary>What holds for every container of a pod.</summary>
    internal static void Common(JsonObject container, string at, IReadOnlyDictionary<string, JsonObject> volumes, FieldErrors errors)
    {
        errors.Named($"{at}.name", container.Text("name"), NameRule.Label);
        var image = container.Text("image") ?? "";
        if (image.Length == 0)
        {
            errors.Required($"{at}.image");
        }
        else if (image.Trim().Length != image.Length)
        {
            errors.Invalid($"{at}.image", image, "must not have leading or trailing whitespace");
        }

        errors.OneOf($"{at}.terminationMessagePolicy", container.Text("terminationMessagePolicy"), "File", "FallbackToLogsOnError");
        Ports(container, at, errors);
        EnvironmentValidation.Validate(container, at, errors);
        MountValidation.Validate(container, at, volumes, errors);
        errors.OneOf($"{at}.imagePullPolicy", container.Text("imagePullPolicy"), "Always", "IfNotPresent", "Never");
        ResourceValidation.Requirements(container.Object("resources") ?? [], $"{at}.resources", errors);
        SecurityValidation.Container(container.Object("securityContext"), $"{at}.securityContext", errors);
    }

    private static void Ports(JsonObject container, string path, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (port, at) in container.Entries(path, "ports"))
        {
            if (port.Text("name") is { Length: > 0 } name)
            {
                var problems = ValueRules.PortName(name).ToList();
                errors.Rule($"{at}.name", name, problems);
                if (problems.Count == 0 && !names.Add(name))
                {
                    errors.Duplicate($"{at}.name", name);
                }
            }

            if (port.Integer("containerPort") is null or 0)
            {
                errors.Required($"{at}.containerPort");
            }
            else
            {
                errors.Port($"{at}.containerPort", port.Integer("containerPort")!.Value);
            }

            if (port.Integer("hostPort") is { } hostPort and not 0)
            {
                errors.Port($"{at}.hostPort", hostPort);
            }

            errors.OneOf($"{at}.protocol", port.Text("protocol"), "SCTP", "TCP", "UDP");
        }
    }

    private static void HostPorts(JsonObject container, string path, HashSet<string> seen, FieldErrors errors)
    {
        foreach (var (port, at) in container.Entries(path, "ports"))
        {
            var used = $"{port.Text("protocol")}/{port.Text("hostIP")}/{port.Integer("hostPort")}";
            if (port.Integer("hostPort") is not (null or 0) && !seen.Add(used))
            {
                errors.Duplicate($"{at}.hostPort", used);
            }
        }
    }
}
