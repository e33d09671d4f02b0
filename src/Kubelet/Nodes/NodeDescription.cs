using System.Globalization;
using System.Runtime.InteropServices;
using Dataplane.Api;

namespace Dataplane.Kubelet.Nodes;

/// <summary>What the node says of itself.</summary>
internal static class NodeDescription
{
    internal static Dictionary<string, string> Labels(string name) => new()
    {
        ["kubernetes.io/hostname"] = name,
        ["kubernetes.io/os"] = "linux",
        ["kubernetes.io/arch"] = Architecture,
        ["beta.kubernetes.io/os"] = "linux",
        ["beta.kubernetes.io/arch"] = Architecture,
    };

    /// <summary>What the node has; all of it is for pods.</summary>
    internal static Dictionary<string, Quantity> Capacity(KubeletOptions options) => new()
    {
        ["cpu"] = new(Environment.ProcessorCount),
        ["memory"] = Kibibytes(MemoryKibibytes()),
        ["ephemeral-storage"] = Kibibytes(new DriveInfo(options.RootDirectory).TotalSize / 1024),
        ["pods"] = new(options.MaxPods),
    };

    /// <param name="runtime">NAME://VERSION of what runs containers.</param>
    /// <param name="notReady">Why pods cannot be run; null when they can.</param>
    internal static NodeStatus Status(
        KubeletOptions options, string runtime, string? notReady, int port, IReadOnlyList<NodeCondition> before, DateTimeOffset now)
    {
        var capacity = Capacity(options);
        return new NodeStatus
        {
            Capacity = capacity,
            Allocatable = capacity,
            Conditions =
            [
                Condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                Condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                notReady is null
                    ? Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
                    : Condition("Ready", "False", "KubeletNotReady", notReady),
            ],
            Addresses =
            [
                .. options.NodeIPs.Select(one => new NodeAddress { Type = "InternalIP", Address = one.ToString() }),
                new NodeAddress { Type = "Hostname", Address = options.NodeName },
            ],
            DaemonEndpoints = new NodeDaemonEndpoints { KubeletEndpoint = new DaemonEndpoint { Port = port } },
            NodeInfo = Info(runtime),
        };

        NodeCondition Condition(string type, string status, string reason, string message)
        {
            var old = before.FirstOrDefault(one => one.Type == type);
            return new NodeCondition
            {
                Type = type,
                Status = status,
                Reason = reason,
                Message = message,
                LastHeartbeatTime = now,
                LastTransitionTime = old?.Status == status ? old.LastTransitionTime : now,
            };
        }
    }

    private static string Architecture => RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    };

    private static NodeSystemInfo Info(string runtime) => new()
    {
        MachineID = Read("/etc/machine-id"),
        SystemUUID = Read("/sys/class/dmi/id/product_uuid"),
        BootID = Read("/proc/sys/kernel/random/boot_id"),
        KernelVersion = Read("/proc/sys/kernel/osrelease"),
        OSImage = OSImage(),
        ContainerRuntimeVersion = runtime,
        KubeletVersion = KubernetesVersion.Git,
        KubeProxyVersion = "",
        OperatingSystem = "linux",
        Architecture = Architecture,
    };

    private static string OSImage()
    {
        const string key = "PRETTY_NAME=";
        var line = File.Exists("/etc/os-release")
            ? File.ReadLines("/etc/os-release").FirstOrDefault(text => text.StartsWith(key, StringComparison.Ordinal))
            : null;
        return line is null ? "Linux" : line[key.Length..].Trim('"');
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static Quantity Kibibytes(long number) => Quantity.Parse(number.ToString(CultureInfo.InvariantCulture) + "Ki");

    private static long MemoryKibibytes()
    {
        const string key = "MemTotal:";
        var line = File.ReadLines("/proc/meminfo").First(text => text.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
    }
}
