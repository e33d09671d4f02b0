using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Dataplane.Api.Json;

namespace Dataplane.Api;

/// <summary>
/// JSON of the API objects: camel case, nothing written that is absent or empty, null read as absent. Metadata is source generated.
/// </summary>
public static class ApiJson
{
    /// <summary>The options every reader and writer of API objects uses.</summary>
    public static JsonSerializerOptions Options { get; } = CreateOptions();

    /// <summary>One object as UTF-8.</summary>
    public static byte[] Serialize<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, TypeInfo<T>());

    /// <summary>One object from UTF-8.</summary>
    /// <exception cref="JsonException">Not JSON, the literal null, or a field of another type; the message names the path.</exception>
    public static T Deserialize<T>(ReadOnlySpan<byte> utf8) =>
        JsonSerializer.Deserialize(utf8, TypeInfo<T>()) ?? throw new JsonException($"null instead of a {typeof(T).Name}");

    /// <summary>One object from a stream of UTF-8; the items of a list without their managedFields.</summary>
    /// <exception cref="JsonException">Not JSON, the literal null, or a field of another type; the message names the path.</exception>
    public static async ValueTask<T> DeserializeAsync<T>(Stream stream, CancellationToken cancellationToken) =>
        await JsonSerializer.DeserializeAsync(stream, IsList<T>() ? (JsonTypeInfo<T>)Reading.GetTypeInfo(typeof(T)) : TypeInfo<T>(), cancellationToken)
            .ConfigureAwait(false)
        ?? throw new JsonException($"null instead of a {typeof(T).Name}");

    /// <summary>Whether two objects say the same: what decides if a write is needed (records compare their collections by reference).</summary>
    public static bool SameContent<T>(T left, T right) =>
        ReferenceEquals(left, right) || Serialize(left).AsSpan().SequenceEqual(Serialize(right));

    /// <summary>An independent copy.</summary>
    public static T Clone<T>(T value) => Deserialize<T>(Serialize(value));

    /// <summary>
    /// Reads objects that are looked at and not changed: their managedFields, often the larger part, are passed over, and what
    /// they have in common is the same instance in all of them. Lists and watches read so.
    /// </summary>
    internal static JsonSerializerOptions Reading { get; } = CreateReading();

    private static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    private static bool IsList<T>() => typeof(T).IsGenericType && typeof(T).GetGenericTypeDefinition() == typeof(KubernetesList<>);

    private static void Remove(JsonTypeInfo type, string property)
    {
        if (type.Type == typeof(ObjectMeta) && type.Properties.FirstOrDefault(candidate => candidate.Name == property) is { } found)
        {
            type.Properties.Remove(found);
        }
    }

    // What pods of one template repeat, in parts: the name of the token's volume is another one in each pod, and with it its mount.
    private static JsonSerializerOptions CreateReading()
    {
        var words = new SharedStringConverter();
        var parts = CreateOptions(WithoutManagedFields, words);
        return CreateOptions(
            WithoutManagedFields,
            words,
            new SharedValueConverter<Dictionary<string, string>>(parts),
            new SharedValueConverter<List<OwnerReference>>(parts),
            new SharedValueConverter<List<string>>(parts),
            new SharedValueConverter<List<EnvVar>>(parts),
            new SharedValueConverter<List<EnvFromSource>>(parts),
            new SharedValueConverter<List<ContainerPort>>(parts),
            new SharedValueConverter<ResourceRequirements>(parts),
            new SharedValueConverter<Probe>(parts),
            new SharedValueConverter<Lifecycle>(parts),
            new SharedValueConverter<SecurityContext>(parts),
            new SharedValueConverter<PodSecurityContext>(parts),
            new SharedValueConverter<List<Toleration>>(parts),
            new SharedValueConverter<Affinity>(parts),
            new SharedValueConverter<List<TopologySpreadConstraint>>(parts),
            new SharedValueConverter<ProjectedVolumeSource>(parts),
            new SharedValueConverter<ConfigMapVolumeSource>(parts),
            new SharedValueConverter<SecretVolumeSource>(parts),
            new SharedValueConverter<LabelSelector>(parts));

        static void WithoutManagedFields(JsonTypeInfo type) => Remove(type, "managedFields");
    }

    private static JsonSerializerOptions CreateOptions(Action<JsonTypeInfo>? modify = null, params JsonConverter[] shared)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            // Objects go to API clients, never into HTML.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = ApiJsonContext.Default.WithAddedModifier(OmitEmpty).WithAddedModifier(modify ?? (_ => { })),
        };
        foreach (var converter in ApiJsonContext.Converters.Concat(shared))
        {
            options.Converters.Add(converter);
        }

        options.MakeReadOnly();
        return options;
    }

    /// <summary>
    /// Go's omitempty for collections and for strings that are never null here; a null from the wire leaves the default in place,
    /// so that readers need no null checks.
    /// </summary>
    private static void OmitEmpty(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (property.PropertyType.IsValueType || property.IsSetNullable)
            {
                continue;
            }

            if (property.PropertyType == typeof(string))
            {
                property.ShouldSerialize = static (_, value) => value is string { Length: > 0 };
            }
            else if (typeof(ICollection).IsAssignableFrom(property.PropertyType) && !IsListItems(type, property))
            {
                property.ShouldSerialize = static (_, value) => value is ICollection { Count: > 0 };
            }

            if (property.Set is { } set)
            {
                property.Set = (target, value) =>
                {
                    if (value is not null)
                    {
                        set(target, value);
                    }
                };
            }
        }
    }

    /// <summary>A list without <c>items</c> is not a list to client-go.</summary>
    private static bool IsListItems(JsonTypeInfo type, JsonPropertyInfo property) =>
        property.Name == "items" && type.Type.IsGenericType && type.Type.GetGenericTypeDefinition() == typeof(KubernetesList<>);
}
