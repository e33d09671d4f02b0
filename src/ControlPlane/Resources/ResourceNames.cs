namespace Dataplane.ControlPlane.Resources;

/// <summary>What a resource is called, where it is served and what discovery says of it.</summary>
/// <param name="Group">Empty for the core group.</param>
/// <param name="Version">"v1".</param>
/// <param name="Kind">"Pod".</param>
/// <param name="Plural">"pods", the word in paths.</param>
/// <param name="Singular">"pod".</param>
/// <param name="Namespaced">Whether objects live in namespaces.</param>
internal sealed record ResourceNames(string Group, string Version, string Kind, string Plural, string Singular, bool Namespaced)
{
    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>"PodList"; a definition may say otherwise.</summary>
    public string ListKind { get; init; } = Kind + "List";

    /// <summary>"v1" or "apps/v1".</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>"pods" or "deployments.apps": how error texts name it.</summary>
    public string Qualified => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}
