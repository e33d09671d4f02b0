using System.Runtime.CompilerServices;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>Where the JSON fields of a type go in protobuf, made once for each type.</summary>
internal sealed class ProtobufPlan
{
    private static readonly ConditionalWeakTable<TypeSchema, ProtobufPlan> Plans = [];

    private readonly Dictionary<string, Target> _targets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Target>.AlternateLookup<ReadOnlySpan<char>> _byName;

    private ProtobufPlan(TypeSchema type)
    {
        Add(type, []);
        _byName = _targets.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public static ProtobufPlan Of(TypeSchema type) => Plans.GetValue(type, static schema => new ProtobufPlan(schema));

    /// <param name="name">A JSON name in ASCII.</param>
    /// <returns>Null for a field the type does not have.</returns>
    public Target? Find(ReadOnlySpan<byte> name)
    {
        const int longest = 128;
        Span<char> text = stackalloc char[longest];
        if (name.Length > longest)
        {
            return null;
        }

        for (var i = 0; i < name.Length; i++)
        {
            text[i] = (char)name[i];
        }

        return _byName.TryGetValue(text[..name.Length], out var target) ? target : null;
    }

    private void Add(TypeSchema type, int[] embedded)
    {
        foreach (var field in type.Fields)
        {
            if (field.Inline)
            {
                Add(field.Message, [.. embedded, field.Number]);
            }
            else
            {
                _targets[field.Name] = new Target(field, embedded);
            }
        }
    }

    /// <summary>A field and the numbers of the embedded messages it lies in, from outside.</summary>
    internal sealed record Target(FieldSchema Field, int[] Embedded);
}
