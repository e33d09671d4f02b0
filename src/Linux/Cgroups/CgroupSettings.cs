using System.Globalization;

namespace Dataplane.Linux.Cgroups;

/// <summary>Limits as the files of both versions take them. Source: Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.</summary>
internal static class CgroupSettings
{
    /// <summary>Numbers: Documentation/admin-guide/devices.txt. "m" is making a node, which does no harm where it cannot be opened.</summary>
    private static readonly string[] CommonDevices =
    [
        "c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm",
    ];

    /// <param name="limits">Which.</param>
    /// <param name="memoryGrows">Whether memory with swap has had a lower limit so far.</param>
    internal static IEnumerable<CgroupSetting> Version1(CgroupLimits limits, bool memoryGrows = false)
    {
        yield return new("cpu", "cpu.shares", Text(limits.CpuShares));
        if (limits.CpuQuota is { } quota)
        {
            yield return new("cpu", "cpu.cfs_period_us", Text(limits.CpuPeriod));
            yield return new("cpu", "cpu.cfs_quota_us", Text(quota));
        }

        if (limits.Memory is { } memory)
        {
            var both = new CgroupSetting("memory", "memory.memsw.limit_in_bytes", Text(memory), Optional: true);
            if (memoryGrows)
            {
                yield return both;
            }

            yield return new("memory", "memory.limit_in_bytes", Text(memory));
            if (!memoryGrows)
            {
                yield return both;
            }
        }

        if (limits.Processes is { } processes)
        {
            yield return new("pids", "pids.max", Text(processes));
        }

        if (limits.OnlyCommonDevices)
        {
            yield return new("devices", "devices.deny", "a");
            foreach (var device in CommonDevices)
            {
                yield return new("devices", "devices.allow", device);
            }
        }
    }

    internal static IEnumerable<CgroupSetting> Version2(CgroupLimits limits)
    {
        // The scale of runc and of the kernel's own translation: 2 becomes 1 and 262144 becomes 10000.
        yield return new("cpu", "cpu.weight", Text(1 + ((limits.CpuShares - 2) * 9999 / 262_142)));
        if (limits.CpuQuota is { } quota)
        {
            yield return new("cpu", "cpu.max", $"{Text(quota)} {Text(limits.CpuPeriod)}");
        }

        if (limits.Memory is { } memory)
        {
            yield return new("memory", "memory.max", Text(memory));
            yield return new("memory", "memory.swap.max", "0", Optional: true);
        }

        if (limits.Processes is { } processes)
        {
            yield return new("pids", "pids.max", Text(processes));
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
