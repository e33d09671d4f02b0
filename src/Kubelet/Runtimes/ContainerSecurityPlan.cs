namespace Dataplane.Kubelet.Runtimes;

/// <summary>Which system calls a container may make.</summary>
internal enum SeccompMode
{
    /// <summary>All.</summary>
    Unconfined,

    /// <summary>Those of the runtime's default profile.</summary>
    RuntimeDefault,

    /// <summary>Those of a profile on this machine.</summary>
    Localhost,
}

/// <summary>What a container may do, of pod and container together (securityContext).</summary>
internal sealed record ContainerSecurityPlan
{
    public bool Privileged { get; init; }

    /// <summary>Null for the image's.</summary>
    public long? User { get; init; }

    /// <summary>Null for the user's.</summary>
    public long? Group { get; init; }

    /// <summary>With fsGroup.</summary>
    public IReadOnlyList<long> SupplementalGroups { get; init; } = [];

    /// <summary>Names without <c>CAP_</c>, or <c>ALL</c>.</summary>
    public IReadOnlyList<string> AddCapabilities { get; init; } = [];

    /// <inheritdoc cref="AddCapabilities"/>
    public IReadOnlyList<string> DropCapabilities { get; init; } = [];

    /// <summary>False sets no_new_privs: set-user-ID programs give nothing.</summary>
    public bool AllowPrivilegeEscalation { get; init; } = true;

    public bool ReadOnlyRoot { get; init; }

    public SeccompMode Seccomp { get; init; }

    /// <summary>Of <see cref="SeccompMode.Localhost"/>: the profile's file on this machine.</summary>
    public string? SeccompPath { get; init; }

    /// <summary>procMount Unmasked.</summary>
    public bool UnmaskedProc { get; init; }
}

/// <summary>What a container may use. Null is no limit.</summary>
internal sealed record ContainerResourcePlan
{
    /// <summary>Of the kernel's fair scheduler, in microseconds.</summary>
    public const int CpuPeriod = 100_000;

    /// <summary>Weight against other containers; 1024 for one CPU (cgroup v1's scale). 2 is the least.</summary>
    public long CpuShares { get; init; } = 2;

    /// <summary>Microseconds of CPU time in each <see cref="CpuPeriod"/>.</summary>
    public long? CpuQuota { get; init; }

    /// <summary>Bytes, swap included.</summary>
    public long? Memory { get; init; }

    public long? Processes { get; init; }

    /// <summary>-1000 to 1000: who is killed first when the machine has no memory.</summary>
    public int OomScoreAdjustment { get; init; }
}
