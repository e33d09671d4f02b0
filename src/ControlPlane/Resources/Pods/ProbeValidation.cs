using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>Probes and lifecycle hooks.</summary>
internal static class ProbeValidation
{
    private static readonly string[] Handlers = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];

    /// <param name="container">A container that may have probes.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="grace">Seconds the pod has to end; a hook that sleeps must fit in.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static void Container(JsonObject container, string path, long? grace, FieldErrors errors)
    {
        foreach (var hook in new[] { "postStart", "preStop" })
        {
            if (container.Object("lifecycle", hook) is { } handler)
            {
                Handler(handler, $"{path}.lifecycle.{hook}", grace, errors);
            }
        }

        foreach (var kind in new[] { "livenessProbe", "readinessProbe", "startupProbe" })
        {
            if (container.Object(kind) is { } probe)
            {
                Probe(probe, kind, $"{path}.{kind}", grace, errors);
            }
        }
    }

    private static void Probe(JsonObject probe, string kind, string path, long? grace, FieldErrors errors)
    {
        Handler(probe, path, grace, errors);
        errors.NotNegative(probe, path, "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold");
        if (probe.Integer("terminationGracePeriodSeconds") is { } seconds)
        {
            if (seconds <= 0)
            {
                errors.Invalid($"{path}.terminationGracePeriodSeconds", seconds, "must be greater than 0");
            }

            if (kind == "readinessProbe")
            {
                errors.Invalid($"{path}.terminationGracePeriodSeconds", seconds, "must not be set for readinessProbes");
            }
        }

        if (kind != "readinessProbe" && probe.Integer("successThreshold") is { } threshold and not 1)
        {
            errors.Invalid($"{path}.successThreshold", threshold, "must be 1");
        }
    }

    private static void Handler(JsonObject handler, string path, long? grace, FieldErrors errors)
    {
        var given = Handlers.Where(handler.ContainsKey).ToList();
        if (given.Count == 0)
        {
            errors.Required(path, "must specify a handler type");
            return;
        }

        foreach (var extra in given.Skip(1))
        {
            errors.Forbidden($"{path}.{extra}", "may not specify more than 1 handler type");
        }

        var (name, at, action) = (given[0], $"{path}.{given[0]}", handler.Object(given[0]) ?? []);
        switch (name)
        {
            case "exec" when !action.Texts("command").Any():
                errors.Required($"{at}.command");
                break;
            case "httpGet":
                HttpGet(action, at, errors);
                break;
            case "tcpSocket" or "grpc":
                errors.PortOrName($"{at}.port", action["port"]);
                break;
            case "sleep" when grace is { } most && action.Integer("seconds") is var seconds && (seconds is null or <= 0 || seconds > most):
                errors.Invalid(
                    at, seconds ?? 0,
                    $"must be greater than 0 and less than terminationGracePeriodSeconds ({most}). Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep.");
                break;
        }
    }

    private static void HttpGet(JsonObject get, string path, FieldErrors errors)
    {
        if (get.Text("path") is null or "")
        {
            errors.Required($"{path}.path");
        }

        errors.PortOrName($"{path}.port", get["port"]);
        errors.KnownOrAbsent($"{path}.scheme", get.Text("scheme"), "HTTP", "HTTPS");
        foreach (var header in get.Objects("httpHeaders"))
        {
            errors.Rule($"{path}.httpHeaders", header.Text("name") ?? "", ValueRules.HeaderName(header.Text("name") ?? ""));
        }
    }
}
