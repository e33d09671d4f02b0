using Dataplane.Api;
using Dataplane.Kubelet.Pods;
using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Sysctl = Dataplane.Linux.Sysctls.Sysctl;

namespace Dataplane.Kubelet.Network;

/// <summary>securityContext.sysctls: which a pod may set, and those of its network namespace.</summary>
internal static class PodSysctls
{
    // pkg/kubelet/sysctl/safe_sysctls.go: isolated between pods, and harmless to the node.
    private static readonly string[] Safe =
    [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    ];

    private static readonly string[] OfIpc = ["kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue."];

    /// <exception cref="PodRefusedException">One that the pod may not set.</exception>
    internal static void Check(Pod pod, IReadOnlyList<string> allowed)
    {
        foreach (var name in Of(pod).Select(one => Dotted(one.Name)))
        {
            var isNet = name.StartsWith("net.", StringComparison.Ordinal);
            if (!Array.Exists(Safe, safe => safe == name) && !allowed.Any(pattern => Matches(pattern, name) && (isNet || IsOfIpc(name))))
            {
                throw Refusal($"forbidden sysctl: \"{name}\" not allowlisted");
            }

            if (isNet && pod.Spec.HostNetwork == true)
            {
                throw Refusal($"forbidden sysctl: \"{name}\" not allowed with host net enabled");
            }

            if (!isNet && pod.Spec.HostIPC == true)
            {
                throw Refusal($"forbidden sysctl: \"{name}\" not allowed with host ipc enabled");
            }
        }
    }

    /// <summary>Those of the network namespace; the others are the runtime's, which makes the IPC namespace.</summary>
    /// <exception cref="FormatException">The kernel does not take a value; the message names it.</exception>
    internal static void Apply(Pod pod, NetworkNamespace sandbox)
    {
        foreach (var sysctl in Of(pod))
        {
            var name = Dotted(sysctl.Name);
            if (!name.StartsWith("net.", StringComparison.Ordinal))
            {
                continue;
            }

            try
            {
                Sysctl.Write(sandbox, name.Replace('.', '/'), sysctl.Value);
            }
            catch (LinuxException refused)
            {
                throw new FormatException($"sysctl \"{name}\" cannot be set to \"{sysctl.Value}\": {refused.Message}", refused);
            }
        }
    }

    private static List<Api.Sysctl> Of(Pod pod) => pod.Spec.SecurityContext?.Sysctls ?? [];

    private static bool IsOfIpc(string name) => Array.Exists(OfIpc, prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    private static bool Matches(string pattern, string name) => Dotted(pattern) is var dotted && dotted.EndsWith('*')
        ? name.StartsWith(dotted[..^1], StringComparison.Ordinal)
        : name == dotted;

    /// <summary>sysctl(8) takes both separators; the first one tells which is meant.</summary>
    private static string Dotted(string name)
    {
        var separator = name.AsSpan().IndexOfAny('.', '/');
        return separator < 0 || name[separator] == '.' ? name
            : string.Create(name.Length, name, static (room, text) =>
            {
                for (var at = 0; at < text.Length; at++)
                {
                    room[at] = text[at] switch { '/' => '.', '.' => '/', var letter => letter };
                }
            });
    }

    private static PodRefusedException Refusal(string message) => new("SysctlForbidden", message);
}
