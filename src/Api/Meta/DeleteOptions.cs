namespace Dataplane.Api;

/// <summary>The body of a DELETE (meta/v1 DeleteOptions).</summary>
public sealed record DeleteOptions
{
    public string Kind { get; set; } = "DeleteOptions";
    public string ApiVersion { get; set; } = "v1";

    /// <summary>Seconds the object is given to end; 0 removes it at once.</summary>
    public long? GracePeriodSeconds { get; set; }

    public Preconditions? Preconditions { get; set; }
    public bool? OrphanDependents { get; set; }

    /// <summary><c>Orphan</c>, <c>Background</c> or <c>Foreground</c>.</summary>
    public string? PropagationPolicy { get; set; }

    public List<string> DryRun { get; set; } = [];
}

/// <summary>What must still hold for a deletion to go ahead.</summary>
public sealed record Preconditions
{
    public string? UID { get; set; }
    public string? ResourceVersion { get; set; }
}
