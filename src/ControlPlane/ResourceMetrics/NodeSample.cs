using Dataplane.Api;

namespace Dataplane.ControlPlane.ResourceMetrics;

/// <summary>One answer of a kubelet's /metrics/resource: what its node and each container there had used.</summary>
internal sealed class NodeSample
{
    private NodeSample(DateTimeOffset time, UsagePoint? node, IReadOnlyDictionary<NamespacedName, IReadOnlyDictionary<string, UsagePoint>> pods) =>
        (Time, Node, Pods) = (time, node, pods);

    /// <summary>When it came.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>Null when the kubelet does not tell all of it.</summary>
    public UsagePoint? Node { get; }

    /// <summary>Containers by name, of the pods of which all containers are told whole.</summary>
    public IReadOnlyDictionary<NamespacedName, IReadOnlyDictionary<string, UsagePoint>> Pods { get; }

    /// <param name="text">Prometheus' text format; other metrics than the known ones are passed over.</param>
    /// <param name="now">When lines without a time were measured.</param>
    /// <exception cref="FormatException">A line of a known metric cannot be read.</exception>
    public static NodeSample Parse(string text, DateTimeOffset now)
    {
        var node = new Draft();
        var pods = new Dictionary<NamespacedName, Dictionary<string, Draft>>();
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            switch (MetricSample.NameOf(line))
            {
                case "node_cpu_usage_seconds_total":
                    node.Processor(MetricSample.Parse(line), now);
                    break;
                case "node_memory_working_set_bytes":
                    node.Memory = MetricSample.Parse(line).Value;
                    break;
                case "container_cpu_usage_seconds_total":
                    var processor = MetricSample.Parse(line);
                    Container(processor)?.Processor(processor, now);
                    break;
                case "container_memory_working_set_bytes":
                    var memory = MetricSample.Parse(line);
                    Container(memory)?.Memory = memory.Value;
                    break;
                case "container_start_time_seconds":
                    var started = MetricSample.Parse(line);
                    Container(started)?.Start(started);
                    break;
            }
        }

        var whole = pods.Where(pod => pod.Value.Values.All(container => container.Point is not null));
        return new NodeSample(now, node.Point, whole.ToDictionary(
            pod => pod.Key,
            IReadOnlyDictionary<string, UsagePoint> (pod) => pod.Value.ToDictionary(container => container.Key, container => container.Value.Point!)));

        Draft? Container(MetricSample sample)
        {
            if (!sample.Labels.TryGetValue("namespace", out var ns) || !sample.Labels.TryGetValue("pod", out var pod)
                || !sample.Labels.TryGetValue("container", out var name))
            {
                return null;
            }

            var key = new NamespacedName(ns, pod);
            var containers = pods.TryGetValue(key, out var known) ? known : pods[key] = new Dictionary<string, Draft>(StringComparer.Ordinal);
            return containers.TryGetValue(name, out var draft) ? draft : containers[name] = new Draft();
        }
    }

    /// <summary>A point whose numbers come line by line.</summary>
    private sealed class Draft
    {
        private DateTimeOffset? _started;
        private (DateTimeOffset Time, double Seconds)? _processor;

        public double? Memory { get; set; }

        public UsagePoint? Point => _processor is { } processor && Memory is { } memory
            ? new UsagePoint(_started, processor.Time, processor.Seconds, memory)
            : null;

        public void Processor(MetricSample sample, DateTimeOffset now) => _processor = (sample.Time ?? now, sample.Value);

        public void Start(MetricSample sample) => _started = sample.Value is > 0 and < uint.MaxValue
            ? DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(sample.Value)
            : throw new FormatException($"{sample.Name}: {sample.Value} is no time");
    }
}
