using System.Text.Json;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Machinery.Registry;

/// <summary>
/// What lies in an etcd that other API servers write to as well: JSON, as this one writes it, or protobuf in its envelope, as
/// kube-apiserver writes the kinds it was built with.
/// </summary>
internal sealed class ForeignValues(ResourceCatalog catalog)
{
    private static readonly byte[] Magic = "k8s\0"u8.ToArray();

    /// <param name="key">Where it lies.</param>
    /// <param name="value">What lies there.</param>
    /// <returns>The JSON to keep; null for what is no object of a kind that is served (kube-apiserver's tables of allocated addresses).</returns>
    /// <exception cref="DecodeException">Protobuf that cannot be read.</exception>
    /// <exception cref="JsonException">JSON that cannot be read.</exception>
    public ReadOnlyMemory<byte>? Read(string key, ReadOnlyMemory<byte> value)
    {
        if (value.Span is [(byte)'{', ..])
        {
            return value;
        }

        if (!value.Span.StartsWith(Magic) || catalog.All.FirstOrDefault(kind => key.StartsWith(kind.StoragePrefix, StringComparison.Ordinal)) is not { } descriptor)
        {
            return null;
        }

        var obj = ProtobufDecoder.Decode(value.Span, descriptor.Schema);
        return StoredForm.Encode(descriptor, obj, obj.Text("apiVersion"));
    }
}
