namespace Dataplane.Kubelet.Runtimes;

/// <summary>
/// Parts of /proc and /sys that say or change too much. Every container runtime has this list; Docker's is
/// https://github.com/moby/moby/blob/master/oci/defaults.go.
/// </summary>
internal static class KernelPaths
{
    /// <summary>Not to be seen.</summary>
    internal static IReadOnlyList<string> Masked { get; } =
    [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
    ];

    /// <summary>Not to be changed.</summary>
    internal static IReadOnlyList<string> ReadOnly { get; } = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
}
