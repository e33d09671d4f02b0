using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>What makes a pod's spec unusable, in pods and in templates. Source: upstream's pkg/apis/core/validation, release 1.32.</summary>
internal static class PodSpecValidation
{
    private const int MaxNameservers = 3;
    private const int MaxSearchPaths = 32;
    private const int MaxSearchCharacters = 2048;

    /// <param name="spec">A PodSpec, defaulted.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="isPod">It is a pod's own, not a template's.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static void Validate(JsonObject spec, string path, bool isPod, FieldErrors errors)
    {
        var volumes = VolumeValidation.Validate(spec, path, errors);
        ContainerValidation.Validate(spec, path, volumes, errors);
        if (spec.Boolean("hostNetwork") == true)
        {
            HostPorts(spec, path, isPod, errors);
        }

        errors.OneOf($"{path}.restartPolicy", spec.Text("restartPolicy"), "Always", "OnFailure", "Never");
        errors.OneOf($"{path}.dnsPolicy", spec.Text("dnsPolicy"), "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None");
        MetadataValidation.ValidateLabels(spec.StringMap("nodeSelector"), $"{path}.nodeSelector", errors);
        SecurityValidation.Pod(spec, path, errors);
        AffinityValidation.Validate(spec.Object("affinity"), $"{path}.affinity", errors);
        DnsConfig(spec, path, errors);
        Gates(spec, path, errors);
        SpreadValidation.Validate(spec, path, errors);
        errors.Optional($"{path}.serviceAccountName", spec.Text("serviceAccountName"), NameRule.Subdomain);
        errors.Optional($"{path}.nodeName", spec.Text("nodeName"), NameRule.Subdomain);
        if (spec.Integer("activeDeadlineSeconds") is { } deadline and (< 1 or > int.MaxValue))
        {
            errors.Invalid($"{path}.activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive");
        }

        errors.Optional($"{path}.hostname", spec.Text("hostname"), NameRule.Label);
        errors.Optional($"{path}.subdomain", spec.Text("subdomain"), NameRule.Label);
        TolerationValidation.Validate(spec, path, errors);
        HostAliases(spec, path, errors);
        errors.Optional($"{path}.priorityClassName", spec.Text("priorityClassName"), NameRule.Subdomain);
        errors.Optional($"{path}.runtimeClassName", spec.Text("runtimeClassName"), NameRule.Subdomain);
        errors.KnownOrAbsent($"{path}.preemptionPolicy", spec.Text("preemptionPolicy"), "PreemptLowerPriority", "Never");
        if (spec.Object("overhead") is { } overhead)
        {
            ResourceValidation.Requirements(new JsonObject { ["limits"] = overhead.DeepClone() }, $"{path}.overhead", errors);
        }

        if (spec.Object("os") is { } os)
        {
            if (os.Text("name") is null or "")
            {
                errors.Required($"{path}.os.name", "cannot be empty");
            }
            else
            {
                errors.KnownOrAbsent($"{path}.os", os.Text("name"), "linux", "windows");
            }
        }
    }

    /// <summary>A pod on the node's network has the node's ports: they are those of its containers.</summary>
    private static void HostPorts(JsonObject spec, string path, bool isPod, FieldErrors errors)
    {
        foreach (var (container, at) in spec.Entries(path, "containers"))
        {
            foreach (var (port, portPath) in container.Entries(at, "ports"))
            {
                var hostPort = port.Integer("hostPort") ?? 0;
                if ((isPod || hostPort != 0) && hostPort != (port.Integer("containerPort") ?? 0))
                {
                    errors.Invalid($"{portPath}.hostPort", hostPort, "must match `containerPort` when `hostNetwork` is true");
                }
            }
        }
    }

    private static void DnsConfig(JsonObject spec, string path, FieldErrors errors)
    {
        path += ".dnsConfig";
        var config = spec.Object("dnsConfig");
        var servers = config?.Texts("nameservers").ToList() ?? [];
        if (spec.Text("dnsPolicy") == "None" && (config is null || servers.Count == 0))
        {
            errors.Required(
                config is null ? path : $"{path}.nameservers",
                config is null ? "must provide `dnsConfig` when `dnsPolicy` is None" : "must provide at least one DNS nameserver when `dnsPolicy` is None");
            return;
        }

        if (config is null)
        {
            return;
        }

        if (servers.Count > MaxNameservers)
        {
            errors.InvalidRaw($"{path}.nameservers", GoValue.Strings(config.Array("nameservers")), $"must not have more than {MaxNameservers} nameservers");
        }

        for (var i = 0; i < servers.Count; i++)
        {
            errors.Address($"{path}.nameservers[{i}]", servers[i]);
        }

        var searches = config.Texts("searches").ToList();
        if (searches.Count > MaxSearchPaths)
        {
            errors.InvalidRaw($"{path}.searches", GoValue.Strings(config.Array("searches")), $"must not have more than {MaxSearchPaths} search paths");
        }

        if (string.Join(' ', searches).Length > MaxSearchCharacters)
        {
            errors.InvalidRaw(
                $"{path}.searches", GoValue.Strings(config.Array("searches")),
                $"must not have more than {MaxSearchCharacters} characters (including spaces) in the search list");
        }

        for (var i = 0; i < searches.Count; i++)
        {
            var search = searches[i].EndsWith('.') ? searches[i][..^1] : searches[i];
            errors.Rule($"{path}.searches[{i}]", search, NameRule.Subdomain.Errors(search));
        }

        foreach (var (option, at) in config.Entries(path, "options"))
        {
            if (option.Text("name") is null or "")
            {
                errors.Required(at, "must not be empty");
            }
        }
    }

    private static void Gates(JsonObject spec, string path, FieldErrors errors)
    {
        foreach (var (gate, at) in spec.Entries(path, "readinessGates"))
        {
            errors.Key($"{at}.conditionType", gate.Text("conditionType") ?? "");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (gate, at) in spec.Entries(path, "schedulingGates"))
        {
            var name = gate.Text("name") ?? "";
            errors.Key(at, name);
            if (!seen.Add(name))
            {
                errors.Duplicate(at, name);
            }
        }
    }

    private static void HostAliases(JsonObject spec, string path, FieldErrors errors)
    {
        foreach (var (alias, at) in spec.Entries(path, "hostAliases"))
        {
            errors.Address($"{at}.ip", alias.Text("ip"));
            var index = 0;
            foreach (var name in alias.Texts("hostnames"))
            {
                errors.Rule($"{at}.hostnames[{index++}]", name, NameRule.Subdomain.Errors(name));
            }
        }
    }
}
