namespace Dataplane.Api;

/// <summary>A list of one kind as the API server sends it: <c>PodList</c>, ...</summary>
public sealed record KubernetesList<T>
    where T : IKubernetesObject
{
    public string ApiVersion { get; set; } = "v1";
    public string Kind { get; set; } = "List";
    public ListMeta Metadata { get; set; } = new();
    public List<T> Items { get; set; } = [];
}

/// <summary>The version a list was taken at and the token of its next chunk.</summary>
public sealed record ListMeta
{
    public string ResourceVersion { get; set; } = "";
    public string? Continue { get; set; }
    public long? RemainingItemCount { get; set; }
}
