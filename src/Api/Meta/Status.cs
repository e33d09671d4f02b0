namespace Dataplane.Api;

/// <summary>The answer to a request that returns no object, and every error (meta/v1 Status).</summary>
public sealed record Status
{
    public string Kind { get; set; } = "Status";
    public string ApiVersion { get; set; } = "v1";
    public ListMeta Metadata { get; set; } = new();

    /// <summary><c>Success</c> or <c>Failure</c>. (C# forbids a member of its type's own name.)</summary>
    [System.Text.Json.Serialization.JsonPropertyName("status")]
    public string? Outcome { get; set; }

    public string? Message { get; set; }

    /// <summary>A word for programs: <c>NotFound</c>, <c>AlreadyExists</c>, <c>Conflict</c>, <c>Expired</c>, <c>Invalid</c>, ...</summary>
    public string? Reason { get; set; }

    public StatusDetails? Details { get; set; }

    /// <summary>The HTTP status.</summary>
    public int? Code { get; set; }
}

/// <summary>What a <see cref="Status"/> is about.</summary>
public sealed record StatusDetails
{
    public string? Name { get; set; }
    public string? Group { get; set; }
    public string? Kind { get; set; }
    public string? UID { get; set; }
    public List<StatusCause> Causes { get; set; } = [];
    public int? RetryAfterSeconds { get; set; }
}

/// <summary>One of several reasons, with the field it names.</summary>
public sealed record StatusCause
{
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public string? Field { get; set; }
}
