namespace Dataplane.Linux.Cgroups;

/// <summary>What the processes of a control group may use. Null is no limit.</summary>
public sealed record CgroupLimits
{
    /// <summary>Weight against other groups, 2 to 262144; 1024 for one CPU (version 1's scale).</summary>
    public long CpuShares { get; init; } = 1024;

    /// <summary>Microseconds of CPU time in each <see cref="CpuPeriod"/>.</summary>
    public long? CpuQuota { get; init; }

    /// <summary>Microseconds.</summary>
    public long CpuPeriod { get; init; } = 100_000;

    /// <summary>Bytes, with what is swapped out.</summary>
    public long? Memory { get; init; }

    public long? Processes { get; init; }

    /// <summary>Whether only the devices of every container may be opened. Version 1 only: version 2 has no files for it.</summary>
    public bool OnlyCommonDevices { get; init; }
}

/// <summary>A value for a file of a control group.</summary>
/// <param name="Controller">Of version 1; version 2 has all in one directory.</param>
/// <param name="Optional">The kernel may be built without it.</param>
internal readonly record struct CgroupSetting(string Controller, string File, string Value, bool Optional = false);
