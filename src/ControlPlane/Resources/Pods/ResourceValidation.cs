using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>Names and amounts of resources: of containers, of limit ranges, of quotas.</summary>
internal static class ResourceValidation
{
    private static readonly string[] ForContainers = ["cpu", "memory", "ephemeral-storage"];

    private static readonly string[] ForQuotas =
    [
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage", "limits.cpu",
        "limits.memory", "limits.ephemeral-storage", "pods", "resourcequotas", "services", "replicationcontrollers", "secrets",
        "persistentvolumeclaims", "configmaps", "services.nodeports", "services.loadbalancers",
    ];

    /// <summary>Resources that come in pieces.</summary>
    private static readonly string[] Whole =
    [
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims", "services.nodeports",
        "services.loadbalancers",
    ];

    /// <param name="requirements">"limits" and "requests".</param>
    /// <param name="path">Where they stand.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static void Requirements(JsonObject requirements, string path, FieldErrors errors)
    {
        var limits = requirements.StringMap("limits");
        foreach (var (resource, text) in limits)
        {
            ContainerName(resource, $"{path}.limits[{resource}]", errors);
            Amount(resource, text, $"{path}.limits[{resource}]", errors);
        }

        foreach (var (resource, text) in requirements.StringMap("requests"))
        {
            ContainerName(resource, $"{path}.requests[{resource}]", errors);
            Amount(resource, text, $"{path}.requests[{resource}]", errors);
            var shared = IsNative(resource) && !IsHugePage(resource);
            if (!limits.TryGetValue(resource, out var limitText))
            {
                if (!shared)
                {
                    errors.Required($"{path}.limits", "Limit must be set for non overcommitable resources");
                }
            }
            else if (Quantity.TryParse(text, out var request) && Quantity.TryParse(limitText, out var limit) && request.Value != limit.Value)
            {
                if (!shared)
                {
                    errors.Invalid($"{path}.requests", text, $"must be equal to {resource} limit of {limitText}");
                }
                else if (request.Value > limit.Value)
                {
                    errors.Invalid($"{path}.requests", text, $"must be less than or equal to {resource} limit of {limitText}");
                }
            }
        }

        var all = limits.Keys.Concat(requirements.StringMap("requests").Keys).ToList();
        if (all.Any(IsHugePage) && !all.Contains("cpu") && !all.Contains("memory"))
        {
            errors.Forbidden(path, "HugePages require cpu or memory");
        }
    }

    /// <summary>A resource a container may ask for.</summary>
    public static void ContainerName(string resource, string path, FieldErrors errors)
    {
        if (!Name(resource, path, errors))
        {
            return;
        }

        if (!resource.Contains('/', StringComparison.Ordinal))
        {
            if (!ForContainers.Contains(resource) && !IsHugePage(resource))
            {
                errors.Invalid(path, resource, "must be a standard resource for containers");
            }
        }
        else if (!IsNative(resource) && resource.StartsWith("requests.", StringComparison.Ordinal))
        {
            errors.Invalid(path, resource, "doesn't follow extended resource name standard");
        }
    }

    /// <summary>A resource a namespace's quota may bound.</summary>
    public static void QuotaName(string resource, string path, FieldErrors errors)
    {
        if (Name(resource, path, errors) && !resource.Contains('/', StringComparison.Ordinal) && !ForQuotas.Contains(resource)
            && !IsHugePage(resource) && !resource.StartsWith("requests.hugepages-", StringComparison.Ordinal))
        {
            errors.Invalid(path, resource, "must be a standard resource for quota");
        }
    }

    /// <returns>Whether the name is one at all; otherwise what is wrong has been said.</returns>
    public static bool Name(string resource, string path, FieldErrors errors)
    {
        var problems = LabelSyntax.KeyErrors(resource).ToList();
        errors.Rule(path, resource, problems);
        if (problems.Count > 0)
        {
            return false;
        }

        if (!resource.Contains('/', StringComparison.Ordinal) && !ForQuotas.Contains(resource) && resource != "storage" && !IsHugePage(resource)
            && !resource.StartsWith("requests.hugepages-", StringComparison.Ordinal) && !resource.StartsWith("count", StringComparison.Ordinal))
        {
            errors.Invalid(path, resource, "must be a standard resource type or fully qualified");
            if (ForContainers.Contains(resource))
            {
                return false;
            }
        }

        return true;
    }

    public static void Amount(string resource, string text, string path, FieldErrors errors)
    {
        if (!Quantity.TryParse(text, out var quantity))
        {
            return;
        }

        if (quantity.Value < 0)
        {
            errors.Invalid(path, text, ValueRules.NotNegative);
        }

        if ((Whole.Contains(resource) || (!IsNative(resource) && !resource.StartsWith("requests.", StringComparison.Ordinal))) && quantity.Value != decimal.Truncate(quantity.Value))
        {
            errors.InvalidRaw(path, GoValue.Quantity(text), "must be an integer");
        }
    }

    /// <summary>The cluster's own resources have no domain, or kubernetes.io's.</summary>
    private static bool IsNative(string resource) =>
        !resource.Contains('/', StringComparison.Ordinal) || resource.Contains("kubernetes.io/", StringComparison.Ordinal);

    private static bool IsHugePage(string resource) => resource.StartsWith("hugepages-", StringComparison.Ordinal);
}
