using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>Where the JSON fields of a type go in protobuf, made once for each type.</summary>
internal sealed class ProtobufPlan
{
    private static readonly ConditionalWeakTable<TypeSchema, ProtobufPlan> Plans = [];

    /// <summary>By the hash of the name, in the next free place if that is taken; half of the places stay free.</summary>
    private readonly Target?[] _places;

    private ProtobufPlan(TypeSchema type)
    {
        var targets = new Dictionary<string, Target>(StringComparer.Ordinal);
        Add(targets, type, []);
        _places = new Target?[BitOperations.RoundUpToPowerOf2((uint)(2 * targets.Count) + 1)];
        foreach (var target in targets.Values)
        {
            var place = Hash(target.Name);
            while (At(place) is not null)
            {
                place++;
            }

            At(place) = target;
        }
    }

    public static ProtobufPlan Of(TypeSchema type) => Plans.GetValue(type, static schema => new ProtobufPlan(schema));

    /// <param name="name">A JSON name.</param>
    /// <returns>Null for a field the type does not have.</returns>
    public Target? Find(ReadOnlySpan<byte> name)
    {
        for (var place = Hash(name); At(place) is { } target; place++)
        {
            if (name.SequenceEqual(target.Name))
            {
                return target;
            }
        }

        return null;
    }

    // Names of a type mostly differ in their length, their beginning or their end.
    private static uint Hash(ReadOnlySpan<byte> name) =>
        name.IsEmpty ? 0 : ((((((uint)name.Length * 31) + name[0]) * 31) + name[name.Length / 2]) * 31) + name[^1];

    private static void Add(Dictionary<string, Target> targets, TypeSchema type, int[] embedded)
    {
        foreach (var field in type.Fields)
        {
            if (field.Inline)
            {
                Add(targets, field.Message, [.. embedded, field.Number]);
            }
            else
            {
                targets[field.Name] = new Target(field, embedded);
            }
        }
    }

    private ref Target? At(uint place) => ref _places[place & (uint)(_places.Length - 1)];

    /// <summary>A field and the numbers of the embedded messages it lies in, from outside.</summary>
    internal sealed class Target(FieldSchema field, int[] embedded)
    {
        private ProtobufPlan? _message;

        public FieldSchema Field { get; } = field;

        public int[] Embedded { get; } = embedded;

        public byte[] Name { get; } = Encoding.UTF8.GetBytes(field.Name);

        /// <summary>Of a field that is a message: the message's own fields.</summary>
        public ProtobufPlan Message => _message ??= Of(Field.Message);
    }
}
