using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Resources;

/// <summary>The Targets cell of a HorizontalPodAutoscaler: "cpu: 40%/80%, memory: &lt;unknown&gt;/200Mi".</summary>
internal static class AutoscalerTargets
{
    private const int Shown = 2;

    public static string Of(JsonObject obj)
    {
        var metrics = obj.Objects("spec", "metrics").ToList();
        var current = obj.Objects("status", "currentMetrics").ToList();
        if (metrics.Count == 0)
        {
            return "<none>";
        }

        var cells = metrics.Take(Shown).Select((metric, index) => Cell(metric, current.ElementAtOrDefault(index)));
        return string.Join(", ", cells) + (metrics.Count > Shown ? $" + {metrics.Count - Shown} more..." : "");
    }

    private static string Cell(JsonObject metric, JsonObject? current)
    {
        var field = metric.Text("type") switch
        {
            "ContainerResource" => "containerResource",
            "External" => "external",
            "Object" => "object",
            "Pods" => "pods",
            _ => "resource",
        };
        var (target, value) = (metric.Object(field, "target") ?? [], current?.Object(field, "current"));
        var name = field is "resource" or "containerResource" ? $"{metric.Text(field, "name")}: " : "";
        if (target.Integer("averageUtilization") is { } percent)
        {
            return $"{name}{(value?.Integer("averageUtilization") is { } used ? $"{used}%" : "<unknown>")}/{percent}%";
        }

        var average = target.ContainsKey("averageValue");
        var suffix = average && field is "external" or "object" ? " (avg)" : "";
        var which = average ? "averageValue" : "value";
        return $"{name}{value?.Text(which) ?? "<unknown>"}/{target.Text(which) ?? "<auto>"}{suffix}";
    }
}
