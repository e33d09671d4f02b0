namespace Dataplane.Api;

/// <summary>core/v1 ObjectReference.</summary>
public sealed record ObjectReference
{
    public string? Kind { get; set; }
    public string? Namespace { get; set; }
    public string? Name { get; set; }
    public string? UID { get; set; }
    public string? ApiVersion { get; set; }
    public string? ResourceVersion { get; set; }
    public string? FieldPath { get; set; }
}

/// <summary>The name of an object in the same namespace.</summary>
public sealed record LocalObjectReference
{
    public string? Name { get; set; }
}
