using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Resources;

/// <summary>
/// HorizontalPodAutoscalers between autoscaling/v2 and autoscaling/v1. The older version knows one metric, CPU; the others and the
/// behavior travel in annotations, as upstream's do, so that a write through the older version loses nothing.
/// </summary>
internal static class AutoscalerVersions
{
    public const string Stored = "autoscaling/v2";
    public const string Old = "autoscaling/v1";

    /// <summary>Of the CPU asked for: the target of an autoscaler that names none, in either version.</summary>
    public const long DefaultPercent = 80;

    private const string MetricsAnnotation = "autoscaling.alpha.kubernetes.io/metrics";
    private const string BehaviorAnnotation = "autoscaling.alpha.kubernetes.io/behavior";

    public static JsonObject CpuMetric(long percent) => new()
    {
        ["type"] = "Resource",
        ["resource"] = new JsonObject
        {
            ["name"] = "cpu",
            ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = percent },
        },
    };

    /// <summary>The object as v2; the same object when it is.</summary>
    public static JsonObject ToStored(JsonObject obj)
    {
        if (obj.Text("apiVersion") == Stored)
        {
            return obj;
        }

        var stored = (JsonObject)obj.DeepClone();
        stored["apiVersion"] = Stored;
        var spec = stored.Ensure("spec");
        var metrics = new JsonArray();
        if (spec.Integer("targetCPUUtilizationPercentage") is { } percent)
        {
            metrics.Add(CpuMetric(percent));
        }

        spec.Remove("targetCPUUtilizationPercentage");
        foreach (var metric in Take(stored, MetricsAnnotation) as JsonArray ?? [])
        {
            metrics.Add(metric?.DeepClone());
        }

        spec["metrics"] = metrics.Count > 0 ? metrics : new JsonArray(CpuMetric(DefaultPercent));
        if (Take(stored, BehaviorAnnotation) is JsonObject behavior)
        {
            spec["behavior"] = behavior;
        }

        (stored["status"] as JsonObject)?.Remove("currentCPUUtilizationPercentage");
        return stored;
    }

    /// <summary>Makes a stored object a v1 one.</summary>
    public static void ToOld(JsonObject stored)
    {
        stored["apiVersion"] = Old;
        var spec = stored.Ensure("spec");
        var metrics = stored.Objects("spec", "metrics").ToList();
        var cpu = metrics.Find(metric =>
            metric.Text("type") == "Resource" && metric.Text("resource", "name") == "cpu" && metric.Integer("resource", "target", "averageUtilization") is not null);
        if (cpu is not null)
        {
            spec["targetCPUUtilizationPercentage"] = cpu.Integer("resource", "target", "averageUtilization");
            metrics.Remove(cpu);
        }

        spec.Remove("metrics");
        if (metrics.Count > 0)
        {
            Put(stored, MetricsAnnotation, new JsonArray([.. metrics.Select(metric => metric.DeepClone())]));
        }

        if (spec["behavior"] is { } behavior)
        {
            Put(stored, BehaviorAnnotation, behavior);
            spec.Remove("behavior");
        }

        if (stored["status"] is JsonObject status)
        {
            var usage = status.Objects("currentMetrics").FirstOrDefault(metric => metric.Text("resource", "name") == "cpu");
            if (usage?.Integer("resource", "current", "averageUtilization") is { } current)
            {
                status["currentCPUUtilizationPercentage"] = current;
            }

            status.Remove("currentMetrics");
            status.Remove("conditions");
        }
    }

    private static void Put(JsonObject obj, string annotation, JsonNode value) =>
        obj.Metadata().Ensure("annotations")[annotation] = ObjectJson.Text(ObjectJson.Encode(value));

    /// <summary>What an annotation holds; null, and the annotation left alone, when somebody wrote something else into it.</summary>
    private static JsonNode? Take(JsonObject obj, string annotation)
    {
        if (obj.Text("metadata", "annotations", annotation) is not { } text)
        {
            return null;
        }

        try
        {
            var value = JsonNode.Parse(text);
            obj.Metadata().Ensure("annotations").Remove(annotation);
            return value;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }
}
