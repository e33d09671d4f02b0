namespace Dataplane.Api;

/// <summary>core/v1 Binding: the body of <c>pods/NAME/binding</c>, which gives a pod its node.</summary>
public sealed record Binding : IKubernetesObject
{
    public string ApiVersion { get; set; } = "v1";
    public string Kind { get; set; } = "Binding";
    public ObjectMeta Metadata { get; set; } = new();
    public ObjectReference Target { get; set; } = new();
}
