using System.Globalization;
using System.Text.Json.Nodes;

namespace Dataplane.Kubelet.Stats;

/// <summary>/stats/summary, in the form of kubelet/pkg/apis/stats/v1alpha1.</summary>
internal sealed class SummaryDocument(KubeletOptions options, UsageRates rates, TimeProvider time)
{
    internal JsonObject Of(NodeUsage node, IReadOnlyList<PodUsage> pods)
    {
        var now = Time(time.GetUtcNow());
        rates.Forget();
        return new JsonObject
        {
            ["node"] = new JsonObject
            {
                ["nodeName"] = options.NodeName,
                ["startTime"] = Time(node.BootTime),
                ["cpu"] = Processor(now, "node", node.ProcessorTime),
                ["memory"] = new JsonObject
                {
                    ["time"] = now,
                    ["availableBytes"] = node.AvailableBytes,
                    ["usageBytes"] = node.TotalBytes - node.AvailableBytes,
                    ["workingSetBytes"] = node.TotalBytes - node.AvailableBytes,
                },
                ["network"] = Network(now, NetworkUsage.Of(Environment.ProcessId)),
                ["fs"] = FileSystem(now, options.RootDirectory),
                ["runtime"] = new JsonObject { ["imageFs"] = FileSystem(now, options.RootDirectory) },
            },
            ["pods"] = new JsonArray([.. pods.Select(pod => Pod(now, pod))]),
        };
    }

    private JsonObject Pod(string now, PodUsage pod) => new()
    {
        ["podRef"] = new JsonObject { ["name"] = pod.Pod.Metadata.Name, ["namespace"] = pod.Pod.Metadata.Namespace, ["uid"] = pod.Pod.Metadata.UID },
        ["startTime"] = Time(pod.Pod.Status.StartTime ?? pod.Containers[0].StartedAt),
        ["containers"] = new JsonArray([.. pod.Containers.Select(container => new JsonObject
        {
            ["name"] = container.Name,
            ["startTime"] = Time(container.StartedAt),
            ["cpu"] = Processor(now, container.Id, container.ProcessorTime),
            ["memory"] = Memory(now, container.WorkingSetBytes, container.Use.ResidentBytes),
        })]),
        ["cpu"] = Processor(now, pod.Pod.Metadata.UID, pod.ProcessorTime),
        ["memory"] = Memory(now, pod.WorkingSetBytes, pod.ResidentBytes),
        ["network"] = Network(now, pod.Network),
        ["process_stats"] = new JsonObject { ["process_count"] = pod.Containers.Sum(container => container.Use.Processes) },
    };

    private JsonObject Processor(string now, string key, TimeSpan used) => new()
    {
        ["time"] = now,
        ["usageNanoCores"] = rates.NanoCores(key, used),
        ["usageCoreNanoSeconds"] = used.Ticks * 100,
    };

    private static JsonObject Memory(string now, long workingSet, long resident) => new()
    {
        ["time"] = now,
        ["usageBytes"] = workingSet,
        ["workingSetBytes"] = workingSet,
        ["rssBytes"] = resident,
    };

    private static JsonObject Network(string now, IReadOnlyList<NetworkUsage> devices)
    {
        var document = new JsonObject { ["time"] = now };
        if (devices.FirstOrDefault(one => one.Device == "eth0") is { } first)
        {
            Write(document, first);
        }

        document["interfaces"] = new JsonArray([.. devices.Select(one => Write([], one))]);
        return document;
    }

    private static JsonObject Write(JsonObject document, NetworkUsage device)
    {
        document["name"] = device.Device;
        document["rxBytes"] = device.ReceivedBytes;
        document["rxErrors"] = device.ReceiveErrors;
        document["txBytes"] = device.SentBytes;
        document["txErrors"] = device.SendErrors;
        return document;
    }

    private static JsonObject FileSystem(string now, string directory)
    {
        var drive = new DriveInfo(directory);
        return new JsonObject
        {
            ["time"] = now,
            ["availableBytes"] = drive.AvailableFreeSpace,
            ["capacityBytes"] = drive.TotalSize,
            ["usedBytes"] = drive.TotalSize - drive.TotalFreeSpace,
        };
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
