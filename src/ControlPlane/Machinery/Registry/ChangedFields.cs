using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Machinery.Registry;

/// <summary>
/// Which fields of an object (spec, status, data) a write leaves as they are stored, byte for byte. Those need no comparison
/// and no encoding: most writes change one part of a large object.
/// </summary>
internal sealed class ChangedFields
{
    private readonly JsonElement _stored;
    private readonly HashSet<string> _same = [];

    /// <param name="stored">The stored version.</param>
    /// <param name="obj">The version about to be written.</param>
    public ChangedFields(JsonElement stored, JsonObject obj)
    {
        _stored = stored;
        using var buffer = JsonBuffer.Rent();
        foreach (var (name, value) in obj)
        {
            // Metadata is never the same: who wrote it last, and when, is part of it.
            if (name == "metadata" || value is null || !stored.TryGetProperty(name, out var before))
            {
                continue;
            }

            var start = buffer.Written.Length;
            value.WriteTo(buffer.Writer);
            if (buffer.Written[start..].SequenceEqual(JsonMarshal.GetRawUtf8Value(before)))
            {
                _same.Add(name);
            }

            buffer.Next();
        }
    }

    public bool Differs(string name) => !_same.Contains(name);

    /// <summary>The stored bytes of a field that does not differ.</summary>
    public ReadOnlySpan<byte> Stored(string name) => JsonMarshal.GetRawUtf8Value(_stored.GetProperty(name));
}
