using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Dataplane.Cli.Cluster;
using Dataplane.Hosting.UserMode;
using Dataplane.Linux.Capabilities;
using Dataplane.Linux.Namespaces;
using Dataplane.Proxy;

namespace Dataplane.Cli.Doctor;

/// <summary>Everything doctor looks at. Kernel features are tried in a namespace made for it, never in the machine's own.</summary>
internal static class MachineChecks
{
    private const string Everything = "up, demo";
    private const string ProbeNamespace = "dp-doctor";

    /// <summary>Maps of verdicts with concatenated keys and `fully-random` work from here on (kube-proxy's nftables mode asks for it too).</summary>
    private static readonly Version OldestKernel = new(5, 13);

    internal static IReadOnlyList<Check> Run()
    {
        List<Check> checks =
        [
            Check.Probe("root", Everything, required: true, Root),
            Check.Probe("kernel", "nftables, userspace", required: true, Kernel),
            Check.Probe(".NET runtime", Everything, required: true, () => RuntimeInformation.FrameworkDescription),
            Check.Probe("network namespaces", Everything, required: true, CreateProbeNamespace),
        ];
        if (checks[^1].IsOk)
        {
            try
            {
                using var probe = NetworkNamespace.Open(ProbeNamespace);
                checks.AddRange(KernelProbes.Run(probe));
            }
            finally
            {
                NetworkNamespace.Delete(ProbeNamespace);
            }
        }

        checks.Add(Check.Probe("IPVS and ipset", "ipvs", required: false, Ipvs));
        checks.Add(Check.Probe("control groups", "limits of pods", required: false, ControlGroups));
        checks.Add(Check.Probe($"port {AddressPlan.ApiPort}", Everything, required: false, ApiPort));
        checks.Add(Check.Probe("kubectl", "using the cluster", required: false, () => OnPath("kubectl")));
        checks.Add(Check.Probe("nginx", "pods of image nginx", required: false, () => OnPath("nginx")));
        checks.Add(Check.Probe("redis-server", "pods of image redis", required: false, () => OnPath("redis-server")));
        return checks;
    }

    private static string Root()
    {
        CommandErrors.RequireRoot("up");
        Capability[] needed = [Capability.NetAdmin, Capability.SysChroot, Capability.SysAdmin];
        var missing = needed.Where(capability => !ProcessCapabilities.Has(capability)).ToList();
        return missing.Count == 0 ? "uid 0 with the capabilities needed" : throw new UserErrorException($"this process lacks {string.Join(", ", missing)}");
    }

    private static string Kernel()
    {
        var release = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        var numbers = release.Split('.', '-');
        return new Version(int.Parse(numbers[0]), int.Parse(numbers[1])) >= OldestKernel
            ? release
            : throw new UserErrorException($"{release} is older than {OldestKernel}");
    }

    private static string CreateProbeNamespace()
    {
        NetworkNamespace.Delete(ProbeNamespace);
        using var created = NetworkNamespace.Create(ProbeNamespace);
        return $"made one under {NetworkNamespace.Directory}";
    }

    // Asking makes the kernel load its modules, if it has them.
    private static string Ipvs() => ProxyModes.Missing("ipvs", null) is not { } missing ? "both in this kernel"
        : throw new UserErrorException($"{missing}; proxy --proxy-mode ipvs goes on in mode iptables, as kube-proxy does; demo " +
            (UserModeKernel.Missing() is { } notInstalled ? $"skips the mode, as {notInstalled}" : "runs the mode in a user-mode kernel"));

    private static string ControlGroups() =>
        File.Exists("/sys/fs/cgroup/cgroup.controllers") && Directory.Exists("/sys/fs/cgroup/cpu") is false
            ? "version 2"
            : Directory.Exists("/sys/fs/cgroup/cpu") ? "version 1" : throw new UserErrorException("no controllers under /sys/fs/cgroup");

    private static string ApiPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, AddressPlan.ApiPort));
            return "free on 127.0.0.1";
        }
        catch (SocketException failure)
        {
            throw new UserErrorException($"127.0.0.1:{AddressPlan.ApiPort}: {failure.Message}; --api-port takes another one");
        }
    }

    private static string OnPath(string program) => ProgramPath.Find(program) ?? throw new UserErrorException($"no {program} on PATH");
}
