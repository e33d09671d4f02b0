using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dataplane.Api;

public sealed record EnvVar
{
    public string Name { get; set; } = "";

    /// <summary>May hold <c>$(NAME)</c> references to earlier variables; <c>$$</c> stands for a dollar.</summary>
    public string? Value { get; set; }

    public EnvVarSource? ValueFrom { get; set; }
}

public sealed record EnvVarSource
{
    public ObjectFieldSelector? FieldRef { get; set; }
    public ResourceFieldSelector? ResourceFieldRef { get; set; }
    public KeySelector? ConfigMapKeyRef { get; set; }
    public KeySelector? SecretKeyRef { get; set; }

    /// <inheritdoc cref="PodSpec.Others"/>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>All keys of a ConfigMap or Secret as variables.</summary>
public sealed record EnvFromSource
{
    public string? Prefix { get; set; }
    public EnvSource? ConfigMapRef { get; set; }
    public EnvSource? SecretRef { get; set; }
}

public sealed record EnvSource
{
    public string? Name { get; set; }
    public bool? Optional { get; set; }
}

public sealed record KeySelector
{
    public string? Name { get; set; }
    public string Key { get; set; } = "";
    public bool? Optional { get; set; }
}

public sealed record ObjectFieldSelector
{
    public string? ApiVersion { get; set; }
    public string FieldPath { get; set; } = "";
}

public sealed record ResourceFieldSelector
{
    public string? ContainerName { get; set; }
    public string Resource { get; set; } = "";
    public Quantity? Divisor { get; set; }
}
