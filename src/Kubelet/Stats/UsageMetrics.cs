using System.Globalization;
using System.Text;

namespace Dataplane.Kubelet.Stats;

/// <summary>/metrics/resource, which metrics-server reads, and /metrics/cadvisor, as Prometheus text under upstream's names.</summary>
internal static class UsageMetrics
{
    /// <param name="node">Of the node.</param>
    /// <param name="time">When that was measured.</param>
    /// <param name="pods">Of the pods; each line says when.</param>
    internal static string Resource(NodeUsage node, DateTimeOffset time, IReadOnlyList<PodUsage> pods)
    {
        var text = new StringBuilder();
        var containers = pods.SelectMany(pod => pod.Containers.Select(container => (Pod: pod, Container: container))).ToArray();
        Family(text, "container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the container in core-seconds", containers, one => (Labels(one.Pod, one.Container), Seconds(one.Container.ProcessorTime)), one => one.Container.Time);
        Family(text, "container_memory_working_set_bytes", "gauge", "Current working set of the container in bytes", containers, one => (Labels(one.Pod, one.Container), one.Container.WorkingSetBytes), one => one.Container.Time);
        Family(text, "container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds", containers, one => (Labels(one.Pod, one.Container), one.Container.StartedAt.ToUnixTimeMilliseconds() / 1e3));
        Family(text, "node_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the node in core-seconds", [node], one => ("", Seconds(one.ProcessorTime)), _ => time);
        Family(text, "node_memory_working_set_bytes", "gauge", "Current working set of the node in bytes", [node], one => ("", one.TotalBytes - one.AvailableBytes), _ => time);
        Family(text, "pod_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the pod in core-seconds", pods, one => (Labels(one), Seconds(one.ProcessorTime)), one => one.Time);
        Family(text, "pod_memory_working_set_bytes", "gauge", "Current working set of the pod in bytes", pods, one => (Labels(one), one.WorkingSetBytes), one => one.Time);
        Family(text, "resource_scrape_error", "gauge", "1 if there was an error while getting container metrics, 0 otherwise", [0], _ => ("", 0));
        return text.ToString();
    }

    internal static string Cadvisor(IReadOnlyList<PodUsage> pods)
    {
        var text = new StringBuilder();
        var containers = pods.SelectMany(pod => pod.Containers.Select(container => (Pod: pod, Container: container))).ToArray();
        var devices = pods.SelectMany(pod => pod.Network.Select(device => (Pod: pod, Device: device))).ToArray();
        Family(text, "container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed in seconds.", containers, one => ($"{Full(one.Pod, one.Container)},cpu=\"total\"", Seconds(one.Container.ProcessorTime)));
        Family(text, "container_memory_rss", "gauge", "Size of RSS in bytes.", containers, one => (Full(one.Pod, one.Container), one.Container.Use.ResidentBytes));
        Family(text, "container_memory_working_set_bytes", "gauge", "Current working set in bytes.", containers, one => (Full(one.Pod, one.Container), one.Container.WorkingSetBytes));
        Family(text, "container_network_receive_bytes_total", "counter", "Cumulative count of bytes received", devices, one => ($"{Labels(one.Pod)},interface=\"{one.Device.Device}\"", one.Device.ReceivedBytes));
        Family(text, "container_network_transmit_bytes_total", "counter", "Cumulative count of bytes transmitted", devices, one => ($"{Labels(one.Pod)},interface=\"{one.Device.Device}\"", one.Device.SentBytes));
        Family(text, "container_processes", "gauge", "Number of processes running inside the container.", containers, one => (Full(one.Pod, one.Container), one.Container.Use.Processes));
        Family(text, "container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds.", containers, one => (Full(one.Pod, one.Container), one.Container.StartedAt.ToUnixTimeSeconds()));
        return text.ToString();
    }

    private static void Family<T>(
        StringBuilder text, string name, string type, string help, IReadOnlyList<T> items, Func<T, (string Labels, double Value)> sample,
        Func<T, DateTimeOffset>? time = null)
    {
        if (items.Count == 0)
        {
            return;
        }

        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        foreach (var item in items)
        {
            var (labels, value) = sample(item);
            text.Append(name);
            if (labels.Length > 0)
            {
                text.Append('{').Append(labels).Append('}');
            }

            text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture));
            if (time is not null)
            {
                text.Append(' ').Append(time(item).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
            }

            text.Append('\n');
        }
    }

    // Names of pods, namespaces and containers are DNS names: nothing in them needs a backslash.
    private static string Labels(PodUsage pod) => $"namespace=\"{pod.Pod.Metadata.Namespace}\",pod=\"{pod.Pod.Metadata.Name}\"";

    private static string Labels(PodUsage pod, ContainerUsage container) => $"container=\"{container.Name}\",{Labels(pod)}";

    private static string Full(PodUsage pod, ContainerUsage container) => $"{Labels(pod, container)},name=\"{container.Id}\"";

    private static double Seconds(TimeSpan used) => used.TotalSeconds;
}
