namespace Dataplane.Proxy.Configuration;

/// <summary>A setting of kube-proxy: a field of KubeProxyConfiguration, and the flag of the same meaning.</summary>
/// <param name="Path">Where in the file: <c>iptables.masqueradeBit</c>.</param>
/// <param name="Kind">What it may hold.</param>
/// <param name="Default">In the form of a flag's argument.</param>
/// <param name="Flag">Without dashes; null for a setting of the file alone.</param>
/// <param name="Use">What it does here; null for one that this proxy accepts and has no use for.</param>
public sealed record ConfigField(string Path, ConfigKind Kind, string Default, string? Flag = null, string? Use = null)
{
    /// <summary>In the file an empty or zero value stands for the default (pkg/proxy/apis/config/v1alpha1/defaults.go).</summary>
    public bool EmptyMeansDefault { get; init; }
}

/// <summary>What a setting may hold.</summary>
public enum ConfigKind
{
    /// <summary>Any text.</summary>
    Text,

    /// <summary>true or false.</summary>
    Flag,

    /// <summary>A whole number.</summary>
    Number,

    /// <summary>A number with a fraction.</summary>
    Fraction,

    /// <summary>As Go writes one: 1m30s.</summary>
    Duration,

    /// <summary>Several texts, as a flag separated by commas.</summary>
    List,

    /// <summary>Names and values, as a flag <c>name=value</c> separated by commas; in the file a mapping of whatever shape.</summary>
    Map,
}
