namespace Dataplane.Proxy.ConnectionTracking;

/// <summary>Settings of connection tracking (KubeProxyConfiguration conntrack); defaults are kube-proxy's. Null and zero leave the kernel's own.</summary>
public sealed record ConntrackOptions
{
    /// <summary>Entries for each processor; zero leaves the limit alone.</summary>
    public int MaxPerCore { get; init; } = 32768;

    /// <summary>At least so many entries, however few processors there are.</summary>
    public int Min { get; init; } = 131072;

    /// <summary>nf_conntrack_tcp_timeout_established.</summary>
    public TimeSpan? TcpEstablishedTimeout { get; init; } = TimeSpan.FromHours(24);

    /// <summary>nf_conntrack_tcp_timeout_close_wait.</summary>
    public TimeSpan? TcpCloseWaitTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>nf_conntrack_tcp_be_liberal: packets outside a connection's window are let through.</summary>
    public bool TcpBeLiberal { get; init; }

    /// <summary>nf_conntrack_udp_timeout.</summary>
    public TimeSpan? UdpTimeout { get; init; }

    /// <summary>nf_conntrack_udp_timeout_stream.</summary>
    public TimeSpan? UdpStreamTimeout { get; init; }

    /// <summary>The limit these come to; null to leave it. Source: cmd/kube-proxy/app/server_linux.go, getConntrackMax.</summary>
    public int? MaxFor(int processors) => MaxPerCore <= 0 ? null : Math.Max(Min, (int)Math.Min((long)MaxPerCore * processors, int.MaxValue));
}
