namespace Dataplane.Api;

/// <summary>authentication.k8s.io/v1 TokenRequest: the body of a service account's <c>/token</c> subresource.</summary>
public sealed record TokenRequest
{
    public string ApiVersion { get; set; } = "authentication.k8s.io/v1";
    public string Kind { get; set; } = "TokenRequest";
    public TokenRequestSpec Spec { get; set; } = new();
    public TokenRequestStatus Status { get; set; } = new();
}

public sealed record TokenRequestSpec
{
    /// <summary>Who may accept the token; empty for the API server itself.</summary>
    public List<string> Audiences { get; set; } = [];

    /// <summary>At least 600.</summary>
    public long? ExpirationSeconds { get; set; }

    /// <summary>The object with which the token ends.</summary>
    public BoundObjectReference? BoundObjectRef { get; set; }
}

public sealed record BoundObjectReference
{
    public string? Kind { get; set; }
    public string? ApiVersion { get; set; }
    public string? Name { get; set; }
    public string? UID { get; set; }
}

public sealed record TokenRequestStatus
{
    public string Token { get; set; } = "";
    public DateTimeOffset? ExpirationTimestamp { get; set; }
}
