namespace Dataplane.Linux.Processes;

/// <summary>Who a program is and what it may do.</summary>
public sealed record ProcessCredentials
{
    /// <summary>Everything that this process may.</summary>
    public static ProcessCredentials Unconfined { get; } = new() { Capabilities = ulong.MaxValue };

    /// <summary>USER[:GROUP], by number or by the names of the root's /etc/passwd and /etc/group; empty is root.</summary>
    public string User { get; init; } = "";

    /// <summary>Instead of the user's own group; null for that.</summary>
    public long? Group { get; init; }

    /// <summary>Beside those that the root's /etc/group gives the user.</summary>
    public IReadOnlyList<long> SupplementalGroups { get; init; } = [];

    /// <summary>Bit N stands for capability N of linux/capability.h. What is missing can never be had again.</summary>
    public ulong Capabilities { get; init; }

    /// <summary>Set-user-ID programs and file capabilities give nothing (PR_SET_NO_NEW_PRIVS).</summary>
    public bool NoNewPrivileges { get; init; }

    /// <summary>Whether the default seccomp filter applies.</summary>
    public bool Filtered { get; init; }
}
