namespace Dataplane.Api;

/// <summary>core/v1 Probe. Seconds throughout; upstream's defaults are filled in by the server.</summary>
public sealed record Probe
{
    public ExecAction? Exec { get; set; }
    public HTTPGetAction? HTTPGet { get; set; }
    public TCPSocketAction? TCPSocket { get; set; }
    public GRPCAction? GRPC { get; set; }
    public int? InitialDelaySeconds { get; set; }
    public int? TimeoutSeconds { get; set; }
    public int? PeriodSeconds { get; set; }
    public int? SuccessThreshold { get; set; }
    public int? FailureThreshold { get; set; }
    public long? TerminationGracePeriodSeconds { get; set; }
}

public sealed record ExecAction
{
    public List<string> Command { get; set; } = [];
}

public sealed record HTTPGetAction
{
    public string? Path { get; set; }
    public IntOrString Port { get; set; }
    public string? Host { get; set; }

    /// <summary><c>HTTP</c> (also when absent) or <c>HTTPS</c>.</summary>
    public string? Scheme { get; set; }

    public List<HTTPHeader> HTTPHeaders { get; set; } = [];
}

public sealed record HTTPHeader
{
    public string Name { get; set; } = "";
    public string Value { get; set; } = "";
}

public sealed record TCPSocketAction
{
    public IntOrString Port { get; set; }
    public string? Host { get; set; }
}

public sealed record GRPCAction
{
    public int Port { get; set; }
    public string? Service { get; set; }
}

/// <summary>Hooks around a container's life.</summary>
public sealed record Lifecycle
{
    public LifecycleHandler? PostStart { get; set; }
    public LifecycleHandler? PreStop { get; set; }
    public string? StopSignal { get; set; }
}

public sealed record LifecycleHandler
{
    public ExecAction? Exec { get; set; }
    public HTTPGetAction? HTTPGet { get; set; }
    public TCPSocketAction? TCPSocket { get; set; }
    public SleepAction? Sleep { get; set; }
}

public sealed record SleepAction
{
    public long Seconds { get; set; }
}
